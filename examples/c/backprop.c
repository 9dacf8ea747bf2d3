#include "backprop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double sigma(double h)
{
    return 1.0 / (1.0 + exp(-h));
}

/* z_out = sigma(W z + b) of one sample. */
static void forward(int n, int m, const double *W, const double *b, const double *z, double *z_out)
{
    for (int j = 0; j < n; j++) {
        double h = b[j];
        for (int k = 0; k < m; k++)
            h += W[j * m + k] * z[k];
        z_out[j] = sigma(h);
    }
}

/* delta_below = (W^T delta) * z (1 - z), z the activations below. */
static void carry(int n, int m, const double *W, const double *delta, const double *z,
                  double *delta_below)
{
    for (int k = 0; k < m; k++) {
        double sum = 0.0;
        for (int j = 0; j < n; j++)
            sum += W[j * m + k] * delta[j];
        delta_below[k] = sum * z[k] * (1.0 - z[k]);
    }
}

static void collect(int n, int m, const double *delta, const double *z, int rows, double *dW,
                    double *db)
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < m; k++)
            dW[j * m + k] += delta[j] * z[k] / rows;
        db[j] += delta[j] / rows;
    }
}

void gradient(int depth, const int *sizes, int rows, double *const *W, double *const *b,
              const double *X, const double *y, double *const *dW, double *const *db)
{
    double **z = malloc((depth + 1) * sizeof *z), **delta = malloc((depth + 1) * sizeof *delta);
    for (int i = 0; i <= depth; i++) {
        z[i] = malloc(sizes[i] * sizeof **z);
        delta[i] = malloc(sizes[i] * sizeof **delta);
    }
    for (int i = 0; i < depth; i++) {
        memset(dW[i], 0, (size_t)sizes[i + 1] * sizes[i] * sizeof *dW[i]);
        memset(db[i], 0, sizes[i + 1] * sizeof *db[i]);
    }
    for (int r = 0; r < rows; r++) {
        memcpy(z[0], X + (size_t)r * sizes[0], sizes[0] * sizeof *X);
        for (int i = 0; i < depth; i++)
            forward(sizes[i + 1], sizes[i], W[i], b[i], z[i], z[i + 1]);
        for (int j = 0; j < sizes[depth]; j++)
            delta[depth][j] = z[depth][j] - y[(size_t)r * sizes[depth] + j];
        for (int i = depth - 1; i >= 0; i--) {
            collect(sizes[i + 1], sizes[i], delta[i + 1], z[i], rows, dW[i], db[i]);
            carry(sizes[i + 1], sizes[i], W[i], delta[i + 1], z[i], delta[i]);
        }
    }
    for (int i = 0; i <= depth; i++) {
        free(z[i]);
        free(delta[i]);
    }
    free(z);
    free(delta);
}
