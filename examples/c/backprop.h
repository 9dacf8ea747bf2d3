/* Backpropagation of a sigmoid network in C. Rows are samples, W[i] is sizes[i+1] x sizes[i]. */

#ifndef BACKPROP_H
#define BACKPROP_H

/* Writes dJ/dW and dJ/db, J the cross-entropy summed over outputs, averaged over rows. */
void gradient(int depth, const int *sizes, int rows, double *const *W, double *const *b,
              const double *X, const double *y, double *const *dW, double *const *db);

#endif
