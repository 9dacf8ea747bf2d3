/* Reads a case that `mlp gradcheck --dump case.json` wrote, and writes its gradient.
 *
 * cc -O2 -o by_json by_json.c backprop.c -lm
 * ./by_json case.json gradient.json
 */

#include "backprop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 64 };

typedef struct {
    double *values;
    int count;  /* of all numbers */
    int columns; /* numbers in the first innermost list */
} Array;

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        exit((fprintf(stderr, "%s: cannot be read\n", path), 2));
    long size = ftell(file);
    char *text = malloc(size + 1);
    rewind(file);
    text[fread(text, 1, size, file)] = '\0';
    fclose(file);
    return text;
}

/* Finds "name": and reads the numbers of its nested lists, in order; no numbers if it is not there. */
static Array array_of(const char *text, const char *name)
{
    char key[32];
    Array array = {NULL, 0, 0};
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(text, key);
    if (!at)
        return array;
    at += strlen(key) + strspn(at + strlen(key), " ");
    int depth = 0;
    do {
        if (*at == '[')
            depth++, at++;
        else if (*at == ']') {
            if (!array.columns)
                array.columns = array.count;
            depth--, at++;
        } else if (*at == ',' || *at == ' ')
            at++;
        else {
            char *end;
            array.values = realloc(array.values, (array.count + 1) * sizeof(double));
            array.values[array.count++] = strtod(at, &end);
            at = end;
        }
    } while (depth);
    return array;
}

static void write_matrix(FILE *file, const char *name, int i, int n, int m, const double *values)
{
    fprintf(file, "\"%s%d\": [", name, i);
    for (int j = 0; j < n; j++) {
        fprintf(file, j ? ", [" : "[");
        for (int k = 0; k < m; k++)
            fprintf(file, k ? ", %.17g" : "%.17g", values[j * m + k]);
        fprintf(file, "]");
    }
    fprintf(file, "],\n");
}

static void write_vector(FILE *file, const char *name, int i, int n, const double *values, int last)
{
    fprintf(file, "\"%s%d\": [", name, i);
    for (int j = 0; j < n; j++)
        fprintf(file, j ? ", %.17g" : "%.17g", values[j]);
    fprintf(file, last ? "]\n" : "],\n");
}

int main(int argc, char **argv)
{
    if (argc != 3)
        exit((fprintf(stderr, "usage: by_json case.json gradient.json\n"), 2));
    char *text = text_of(argv[1]), name[16];
    double *W[MOST_LAYERS], *b[MOST_LAYERS], *dW[MOST_LAYERS], *db[MOST_LAYERS];
    int sizes[MOST_LAYERS + 1], depth = 0;
    Array X = array_of(text, "X"), y = array_of(text, "y");
    for (; depth < MOST_LAYERS; depth++) {
        snprintf(name, sizeof name, "W%d", depth + 1);
        Array weights = array_of(text, name);
        snprintf(name, sizeof name, "b%d", depth + 1);
        Array biases = array_of(text, name);
        if (!weights.count)
            break;
        if (!depth)
            sizes[0] = X.columns;
        sizes[depth + 1] = weights.count / weights.columns;
        if (weights.columns != sizes[depth] || biases.count != sizes[depth + 1])
            exit((fprintf(stderr, "%s: expected W%d and b%d of n_%d rows for n_%d inputs, and biases, "
                          "as mlp gradcheck --dump writes them without further options\n",
                          argv[1], depth + 1, depth + 1, depth + 1, depth), 2));
        W[depth] = weights.values;
        b[depth] = biases.values;
        dW[depth] = malloc(weights.count * sizeof(double));
        db[depth] = malloc(biases.count * sizeof(double));
    }
    gradient(depth, sizes, X.count / X.columns, W, b, X.values, y.values, dW, db);

    FILE *file = fopen(argv[2], "w");
    if (!file)
        exit((fprintf(stderr, "%s: cannot be written\n", argv[2]), 2));
    fprintf(file, "{\n");
    for (int i = 0; i < depth; i++) {
        write_matrix(file, "W", i + 1, sizes[i + 1], sizes[i], dW[i]);
        write_vector(file, "b", i + 1, sizes[i + 1], db[i], i == depth - 1);
    }
    fprintf(file, "}\n");
    return fclose(file) != 0;
}
