// A gradient in JavaScript, which meets `mlp` in JSON files.
//
// mlp gradcheck configs/moons.yaml --dump case.json
// node examples/javascript/gradient.js case.json gradient.json
// mlp gradcheck --case case.json --gradient gradient.json

"use strict";

const fs = require("node:fs");

const sigma = (h) => 1 / (1 + Math.exp(-h));
const zeros = (n) => new Array(n).fill(0);

// W: n x m, z: m; returns sigma(W z + b)
function forward(W, b, z) {
  return W.map((row, j) => sigma(row.reduce((h, w, k) => h + w * z[k], b[j])));
}

// delta of the layer below: (W^T delta) z (1 - z)
function carry(W, delta, z) {
  return z.map((zk, k) => W.reduce((sum, row, j) => sum + row[k] * delta[j], 0) * zk * (1 - zk));
}

// weights[i] is W_{i+1}; J is the cross-entropy, averaged over the rows of X.
function gradient(weights, biases, X, y) {
  const dW = weights.map((W) => W.map((row) => zeros(row.length)));
  const db = biases.map((b) => zeros(b.length));
  X.forEach((x, r) => {
    const Z = [x];
    weights.forEach((W, i) => Z.push(forward(W, biases[i], Z[i])));
    let delta = Z[weights.length].map((z, k) => z - y[r][k]);
    for (let i = weights.length - 1; i >= 0; i--) {
      delta.forEach((d, j) => {
        Z[i].forEach((z, k) => { dW[i][j][k] += (d * z) / X.length; });
        db[i][j] += d / X.length;
      });
      if (i > 0) delta = carry(weights[i], delta, Z[i]);
    }
  });
  return { dW, db };
}

function main(caseFile, gradientFile) {
  const given = JSON.parse(fs.readFileSync(caseFile, "utf8"));
  const depth = Object.keys(given).filter((name) => /^W\d+$/.test(name)).length;
  const layers = [...Array(depth).keys()];
  const { dW, db } = gradient(
    layers.map((i) => given[`W${i + 1}`]), layers.map((i) => given[`b${i + 1}`]), given.X, given.y,
  );
  const named = {};
  layers.forEach((i) => {
    named[`dW${i + 1}`] = dW[i];
    named[`db${i + 1}`] = db[i];
  });
  fs.writeFileSync(gradientFile, JSON.stringify(named));
}

main(...process.argv.slice(2));
