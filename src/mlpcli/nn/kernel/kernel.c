/* Training steps in C. nn/network.py, nn/objective.py and nn/optimizers.py say what is computed; the
 * tests hold this to them.
 *
 * The file includes itself once per number type and level of the processor; `name(run)` is
 * run_f32_v3 for float on x86-64-v3. Loops are left to the compiler to vectorise, except for the
 * matrix products, which use vectors of the GNU dialect so that sums stay in registers.
 *
 * Letters and shapes. Samples are columns, `ld` numbers from one row of a matrix to the next:
 *
 *     Z_i   n_i x N     outputs of layer i, Z_0 = X^T          T_i   N x n_i   Z_i transposed
 *     D_i   n_i x N     H_L, and delta_i = dJ/dH_i             S_i   n_i x N   f'(H_i)
 *     G     the gradient, laid out like theta: W1, b1, .. row by row
 *
 * The order of sums, which makes a run repeat to the last byte on the same level:
 *
 *     H_i      the bias, then k = 0, 1, .. one product after the other, fused where the level can
 *     dJ/dZ_i  from 0, over the rows of W in order; dJ/dW_i from 0, over the samples in order
 *     dJ/db_i  one partial sum per lane of a vector, folded in halves
 *     norms    eight partial sums in double, folded in halves; losses in double, sample by sample
 *
 * Numbers below the smallest normal one are taken and left as zero while a call lasts: processors
 * are many times slower on them. Nothing here assumes that numbers are finite.
 */
#ifndef REAL

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>
#endif

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#ifndef MLP_DIGEST
#define MLP_DIGEST ""
#endif

typedef int64_t i64;

/* In the order of nn/kernel/counterparts.py. */
enum { SIGMOID, TANH, LEAKY_RELU, IDENTITY };
enum { BCE, CROSS_ENTROPY, MSE, LINEAR };
enum { SGD, MOMENTUM, NESTEROV, ADAM };
enum { EACH_OUTPUT, LIKELIEST };

/* What a call works on, field by field as in nn/kernel/job.py. Arrays are of the type of the call
 * unless they are said to be double. X is (.. x n_0), y (.. x K), weight (..), and `order` says
 * which of their rows to take (null: all, one after the other). omega is read at
 * omega_row * row + omega_column * output; null where all are 1. */
typedef struct {
    i64 depth, bias, activation, loss, answers, rule;
    i64 batch;                        /* rows of a whole batch */
    i64 rows;                         /* that are taken through the network at a time, at most */
    i64 omega_row, omega_column;
    double slope, l2, rate, constants[3];
    double divisors[2];               /* of the sum over a whole batch, and over a smaller last one */
    const i64 *sizes;                 /* n_0 .. n_depth */
    void *theta, *gradient;           /* gradient has room for 64 bytes behind its end */
    void *moments[2];
    i64 *steps;
    const void *X, *y, *omega, *weight;
    const uint32_t *order;
    double *squares;                  /* per layer, squared norms of the gradient, added up */
    double *norms;                    /* per layer, of the last step; then 0 or nan for its logits */
    double *sums;                     /* losses, and right answers */
    void *work;
} Job;

/* Take and leave numbers below the smallest normal one as zero; return what `restore` wants. */
static inline unsigned long long flush_subnormals(void)
{
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    return before;
#elif defined(__aarch64__)
    unsigned long long before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" ::"r"(before | (1ull << 24)));
    return before;
#else
    return 0;
#endif
}

static inline void restore(unsigned long long before)
{
#if defined(__x86_64__)
    _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"(before));
#else
    (void)before;
#endif
}

EXPORT i64 mlp_job_size(void) { return (i64)sizeof(Job); }
EXPORT const char *mlp_digest(void) { return MLP_DIGEST; }
EXPORT const char *mlp_compiler(void)
{
#ifdef __clang__
    return __VERSION__;
#else
    return "GCC " __VERSION__;
#endif
}

/* Return the levels that this processor has, and whose registers its system keeps, best last. Not by
 * __builtin_cpu_supports, for which some runtimes of clang have nothing, or wrong answers. */
EXPORT const char *mlp_levels(void)
{
#if defined(__x86_64__)
    const unsigned v2 = bit_SSE4_2 | bit_POPCNT, v3 = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C;
    const unsigned more = bit_AVX2 | bit_BMI | bit_BMI2;
    const unsigned v4 = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
    unsigned a, b, c, d, of_1, of_7, kept = 0;
    if (!__get_cpuid(1, &a, &b, &of_1, &d) || (of_1 & v2) != v2) return "plain";
    if (!__get_cpuid_count(7, 0, &a, &of_7, &c, &d) || (of_7 & more) != more || (of_1 & v3) != v3)
        return "plain v2";
    __asm__("xgetbv" : "=a"(kept), "=d"(d) : "c"(0));
    if ((kept & 0x06) != 0x06) return "plain v2";
    return (of_7 & v4) == v4 && (kept & 0xe6) == 0xe6 ? "plain v2 v3 v4" : "plain v2 v3";
#else
    return "plain";
#endif
}

#define JOIN(a, b, c) a##_##b##_##c
#define NAMED(a, b, c) JOIN(a, b, c)
#define name(a) NAMED(a, TYPE, LEVEL)

/* Per level: its name, bytes of a vector, rows of a tile of sums that stay in registers. */
#define LEVEL plain
#define TARGET
#define WIDTH 16
#ifdef __aarch64__ /* which has twice as many vectors */
#define TILE 8
#else
#define TILE 4
#endif
#define REAL float
#include __FILE__
#define REAL double
#include __FILE__
#undef LEVEL
#undef TARGET
#undef WIDTH
#undef TILE

#if defined(__x86_64__)
#define LEVEL v2
#define TARGET __attribute__((target("sse4.2,popcnt")))
#define WIDTH 16
#define TILE 4
#define REAL float
#include __FILE__
#define REAL double
#include __FILE__
#undef LEVEL
#undef TARGET
#undef WIDTH
#undef TILE

#define LEVEL v3
#define TARGET __attribute__((target("avx2,fma,bmi,bmi2,f16c")))
#define WIDTH 32
#define TILE 6
#define REAL float
#include __FILE__
#define REAL double
#include __FILE__
#undef LEVEL
#undef TARGET
#undef WIDTH
#undef TILE

#define LEVEL v4
#ifdef __clang__
#define TARGET __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi2")))
#else
#define TARGET \
    __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi2," \
                          "prefer-vector-width=512")))
#endif
#define WIDTH 64
#define TILE 8
#define REAL float
#include __FILE__
#define REAL double
#include __FILE__
#endif

#else /* REAL: from here on, once per type and level */

/* `float` is not a number that the preprocessor can compare; these words are. */
#define IS_float 1
#define IS_double 2
#define IS_(type) IS_##type
#define IS(type) IS_(type)

#if IS(REAL) == 1
#define TYPE f32
#define BITS uint32_t
#define MANTISSA 23
#define ONE_BITS 0x3f800000u
#define LOW -87.0f /* where neither exp(x) nor exp(-x) is subnormal */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define ROUNDER 12582912.0f /* 1.5 * 2^23: adding it leaves a whole number in the last bits */
#define SMALLEST_ROOT 1.0842022e-19f /* the root of the smallest normal number */
#else
#define TYPE f64
#define BITS uint64_t
#define MANTISSA 52
#define ONE_BITS 0x3ff0000000000000ull
#define LOW -708.0
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define ROUNDER 6755399441055744.0
#define SMALLEST_ROOT 1.4916681462400413e-154
#endif
#define DEPTH 256 /* terms of a product whose part of B stays in the nearest cache */
#define PAD ((i64)(64 / sizeof(REAL)))
#define LANES ((i64)(WIDTH / sizeof(REAL)))
#define vec name(vec)
#define loose name(loose)
#define eight name(eight)
#define Space name(Space)
#define HERE TARGET static
#define INLINE TARGET static inline __attribute__((always_inline))

typedef REAL vec __attribute__((vector_size(WIDTH)));
typedef REAL loose __attribute__((vector_size(WIDTH), aligned(sizeof(REAL)), may_alias));
typedef REAL eight __attribute__((vector_size(8 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
#ifndef MLP_DOUBLES
#define MLP_DOUBLES
typedef double doubles __attribute__((vector_size(64)));
#endif

/* ---- functions of one number, for loops to vectorise: no branches, nan stays nan ---- */

INLINE BITS name(bits)(REAL x) { BITS b; memcpy(&b, &x, sizeof b); return b; }
INLINE REAL name(real)(BITS b) { REAL x; memcpy(&x, &b, sizeof x); return x; }
INLINE REAL name(abs)(REAL x) { return name(real)(name(bits)(x) & ~((BITS)1 << (sizeof(BITS) * 8 - 1))); }
INLINE REAL name(at_least)(REAL x, REAL low) { return x < low ? low : x; }
INLINE REAL name(at_most)(REAL x, REAL high) { return x > high ? high : x; }
INLINE i64 name(within)(i64 i, i64 from, i64 to) { return i < from ? from : i > to ? to : i; }

/* Split exp(x) into scale (1 + p), for LOW <= x <= -LOW: x = k ln 2 + r, scale = 2^k, p = e^r - 1.
 * p = r + r^2 (1/2 + r/6 + ..) by Chebyshev coefficients on abs(r) <= ln(2)/2. */
INLINE REAL name(split)(REAL x, REAL *scale)
{
    REAL shifted = x * (REAL)1.44269504088896340736 + ROUNDER, k = shifted - ROUNDER;
    REAL r = x - k * LN2_HIGH;
    r = r - k * LN2_LOW;
    *scale = name(real)((name(bits)(shifted) << MANTISSA) + ONE_BITS);
#if IS(REAL) == 1
    REAL c = 0.0013926213466332443f;
    c = c * r + 0.0083632029715758550f;
    c = c * r + 0.041666554437685939f;
    c = c * r + 0.16666576845993976f;
    c = c * r + 0.5f;
#else
    REAL c = 2.5100424157005066788e-8;
    c = c * r + 2.7620138719733995569e-7;
    c = c * r + 2.7557268378684192873e-6;
    c = c * r + 0.000024801521190217727651;
    c = c * r + 0.00019841269863105968748;
    c = c * r + 0.0013888888917281793308;
    c = c * r + 0.0083333333333300513464;
    c = c * r + 0.041666666666623991516;
    c = c * r + 0.16666666666666667456;
    c = c * r + 0.50000000000000010262;
#endif
    return r + r * r * c;
}

/* Return exp(x) to 2 ulp for LOW <= x <= -LOW. */
INLINE REAL name(exp)(REAL x)
{
    REAL scale, p = name(split)(x, &scale);
    return scale + scale * p;
}

/* Return log(1 + s) to 3 ulp for 0 <= s <= 2^64: 1 + s = 2^k (1 + f), -1/4 <= f <= 1/2, and
 * log(1 + f) = 2 atanh(q) with q = f / (2 + f). */
INLINE REAL name(log1p)(REAL s)
{
    BITS k = (name(bits)(1 + s) - (ONE_BITS - ((BITS)1 << (MANTISSA - 1)))) >> MANTISSA;
    REAL scale = name(real)(ONE_BITS - (k << MANTISSA)), f = s * scale + (scale - 1);
    REAL whole = name(real)(k | name(bits)((REAL)((BITS)1 << MANTISSA))) - (REAL)((BITS)1 << MANTISSA);
    REAL q = f / (2 + f), w = q * q;
#if IS(REAL) == 1
    REAL c = 0.23748943314264233f;
    c = c * w + 0.28532664928173391f;
    c = c * w + 0.40000312206795770f;
    c = c * w + 0.66666666275603183f;
#else
    REAL c = 0.12419988906318829225;
    c = c * w + 0.11617984632153762064;
    c = c * w + 0.13339365282867668475;
    c = c * w + 0.15384471793140262447;
    c = c * w + 0.1818182018305785955;
    c = c * w + 0.22222222206586041585;
    c = c * w + 0.28571428571489686443;
    c = c * w + 0.3999999999999990813;
    c = c * w + 0.66666666666666666689;
#endif
    return whole * LN2_HIGH + (2 * q + (q * w * c + whole * LN2_LOW));
}

/* Write sigma(x) and f'(x) = sigma(x) sigma(-x), x held where both are normal numbers. */
INLINE REAL name(sigmoid)(REAL x, REAL *slope)
{
    REAL e = name(exp)(name(at_most)(name(at_least)(x, LOW), -LOW)), q = 1 / (1 + e), z = e * q;
    *slope = z * q;
    return z;
}

/* Return tanh(x) = -t/(2+t), t = expm1(-2 abs(x)), and its slope 4 e/(2+t)^2, e = 1 + t. */
INLINE REAL name(tanh)(REAL x, REAL *slope)
{
    REAL scale, p = name(split)(name(at_least)(-2 * name(abs)(x), LOW), &scale);
    REAL e = scale + scale * p, t = scale * p + (scale - 1), q = 1 / (2 + t), z = -t * q;
    *slope = 4 * e * (q * q);
    return x < 0 ? -z : z;
}

TARGET EXPORT void name(functions)(i64 n, const REAL *x, REAL *e, REAL *l, REAL *s, REAL *t, REAL *slopes)
{
    unsigned long long before = flush_subnormals();
    for (i64 i = 0; i < n; i++) e[i] = name(exp)(name(at_most)(name(at_least)(x[i], LOW), -LOW));
    for (i64 i = 0; i < n; i++) l[i] = name(log1p)(name(abs)(x[i]));
    for (i64 i = 0; i < n; i++) s[i] = name(sigmoid)(x[i], slopes + i);
    for (i64 i = 0; i < n; i++) t[i] = name(tanh)(x[i], slopes + n + i);
    restore(before);
}

/* ---- matrix products ---- */

/* out[r][c] = (start[r] + sum_t A[r ar + t at] B[t ldb + c]) (times[r ldo + c]), R x C vectors, in
 * one go of several: `first` begins at start (null: 0), others at what is in `out`. */
INLINE void name(tile)(const int R, const int C, REAL *out, i64 ldo, int first, const REAL *start,
                       const REAL *times, const REAL *A, i64 ar, i64 at, const REAL *B, i64 ldb,
                       i64 terms)
{
    vec sum[TILE][2];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++)
            if (first) sum[r][c] = (vec){0} + (start ? start[r] : 0);
            else sum[r][c] = *(const loose *)(out + r * ldo + c * LANES);
    for (i64 t = 0; t < terms; t++, A += at, B += ldb) {
        vec b[2];
        for (int c = 0; c < C; c++) b[c] = *(const loose *)(B + c * LANES);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++)
                sum[r][c] += A[r * ar] * b[c];
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) {
            if (times) sum[r][c] *= *(const loose *)(times + r * ldo + c * LANES);
            *(loose *)(out + r * ldo + c * LANES) = sum[r][c];
        }
}

/* A strip of C vectors, all rows: B's part of it stays in the nearest cache. */
INLINE void name(strip)(const int C, REAL *out, i64 ldo, i64 rows, int first, const REAL *start,
                        const REAL *times, const REAL *A, i64 ar, i64 at, const REAL *B, i64 ldb,
                        i64 terms)
{
    i64 r = 0;
#define TILES(R) \
    do { \
        name(tile)(R, C, out + r * ldo, ldo, first, start ? start + r : 0, \
                   times ? times + r * ldo : 0, A + r * ar, ar, at, B, ldb, terms); \
        r += R; \
    } while (0)
    while (rows - r >= TILE) TILES(TILE);
#if TILE > 4
    if (rows - r >= 4) TILES(4);
#endif
    if (rows - r >= 2) TILES(2);
    if (rows - r >= 1) TILES(1);
#undef TILES
}

/* The same of any numbers of rows and columns, at most `depth` terms in one go. The last vector of a
 * row is stored whole: what it writes too much, up to the start of the next row, is written again
 * after it, as columns come last to first and rows first to last. So `out` needs room for a vector
 * behind its end, and where rows have no room between them, all terms must be one go. */
HERE void name(product)(REAL *out, i64 ldo, i64 rows, i64 columns, const REAL *start, const REAL *times,
                        const REAL *A, i64 ar, i64 at, const REAL *B, i64 ldb, i64 terms, i64 depth)
{
    for (i64 t = 0; t < terms; t += depth) {
        i64 some = terms - t < depth ? terms - t : depth, v = (columns + LANES - 1) / LANES;
        const REAL *factor = t + some == terms ? times : 0;
        if (v & 1) {
            i64 c = --v * LANES;
            name(strip)(1, out + c, ldo, rows, !t, start, factor ? factor + c : 0, A + t * at, ar, at,
                        B + t * ldb + c, ldb, some);
        }
        while (v > 0) {
            i64 c = (v -= 2) * LANES;
            name(strip)(2, out + c, ldo, rows, !t, start, factor ? factor + c : 0, A + t * at, ar, at,
                        B + t * ldb + c, ldb, some);
        }
    }
}

/* Write the transpose of A (rows x columns), in squares that stay in the nearest cache. */
HERE void name(transpose)(REAL *restrict out, i64 ldo, const REAL *restrict A, i64 lda, i64 rows, i64 columns)
{
    for (i64 r = 0; r < rows; r += 16)
        for (i64 c = 0; c < columns; c += 16) {
            i64 last_r = r + 16 < rows ? r + 16 : rows, last_c = c + 16 < columns ? c + 16 : columns;
            for (i64 i = r; i < last_r; i++)
                for (i64 j = c; j < last_c; j++) out[j * ldo + i] = A[i * lda + j];
        }
}

INLINE REAL name(fold)(vec sum)
{
    REAL lanes[LANES];
    memcpy(lanes, &sum, sizeof lanes);
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
    return lanes[0];
}

/* Return the sum of n numbers. */
INLINE REAL name(total)(const REAL *x, i64 n)
{
    vec sum = {0};
    i64 i = 0;
    for (; i + LANES <= n; i += LANES) sum += *(const loose *)(x + i);
    REAL rest = 0;
    for (; i < n; i++) rest += x[i];
    return name(fold)(sum) + rest;
}

/* Return the sum of squares of n numbers, in double. */
HERE double name(squares)(const REAL *x, i64 n)
{
    doubles sum = {0};
    double lanes[8], rest = 0;
    i64 i = 0;
    for (; i + 8 <= n; i += 8) {
        doubles wide = __builtin_convertvector(*(const eight *)(x + i), doubles);
        sum += wide * wide;
    }
    for (; i < n; i++) rest += (double)x[i] * (double)x[i];
    memcpy(lanes, &sum, sizeof lanes);
    for (int half = 4; half; half /= 2)
        for (int j = 0; j < half; j++) lanes[j] += lanes[j + half];
    return lanes[0] + rest;
}

/* ---- the parts of a step ---- */

/* z holds H (rows x columns); write f(H) into it and f'(H) into s. */
HERE void name(activate)(i64 kind, REAL below, REAL *restrict z, REAL *restrict s, i64 ld, i64 rows,
                         i64 columns)
{
    for (i64 j = 0; j < rows; j++, z += ld, s += ld) {
        switch (kind) {
        case SIGMOID:
            for (i64 c = 0; c < columns; c++) z[c] = name(sigmoid)(z[c], s + c);
            break;
        case TANH:
            for (i64 c = 0; c < columns; c++) z[c] = name(tanh)(z[c], s + c);
            break;
        case LEAKY_RELU:
            for (i64 c = 0; c < columns; c++) {
                REAL h = z[c];
                s[c] = h > 0 ? 1 : below;
                z[c] = h * s[c];
            }
            break;
        default:
            for (i64 c = 0; c < columns; c++) s[c] = 1;
        }
    }
}

/* D (K x n) holds logits of the softmax; write delta into it, and each row's loss into `losses`.
 * `room` is for three rows more. */
HERE void name(softmax)(REAL *restrict D, i64 ld, const REAL *y, const REAL *factor, i64 ldy, i64 K, i64 n,
                        REAL *restrict losses, REAL *restrict room)
{
    REAL *restrict top = room, *restrict which = room + n, *restrict others = room + 2 * n;
    for (i64 c = 0; c < n; c++) { top[c] = D[c]; which[c] = 0; others[c] = 0; losses[c] = 0; }
    for (i64 k = 1; k < K; k++)
        for (i64 c = 0; c < n; c++) {
            REAL h = D[k * ld + c];
            which[c] = h > top[c] ? (REAL)k : which[c];
            top[c] = h > top[c] ? h : top[c];
        }
    for (i64 k = 0; k < K; k++)
        for (i64 c = 0; c < n; c++) {
            REAL gap = D[k * ld + c] - top[c], e = name(exp)(name(at_least)(gap, LOW));
            e = gap < LOW ? 0 : e;
            others[c] += which[c] == (REAL)k ? 0 : e;
            losses[c] -= y[k * ldy + c] * gap;
            D[k * ld + c] = e;
        }
    for (i64 k = 0; k < K; k++)
        for (i64 c = 0; c < n; c++) {
            REAL e = D[k * ld + c], t = y[k * ldy + c], all = 1 + others[c];
            REAL rest = which[c] == (REAL)k ? others[c] : all - e;
            D[k * ld + c] = ((1 - t) * (e / all) - t * (rest / all)) * factor[k * ldy + c];
        }
    for (i64 c = 0; c < n; c++) {
        REAL labels = 0;
        for (i64 k = 0; k < K; k++) labels += y[k * ldy + c];
        losses[c] += labels * name(log1p)(others[c]);
    }
}

/* The same of one output by itself, n columns; its losses are added to `losses`. */
HERE void name(separate)(i64 loss, REAL *restrict D, const REAL *restrict y, const REAL *restrict factor,
                         i64 n, REAL *restrict losses)
{
    if (loss == LINEAR) {
        for (i64 c = 0; c < n; c++) {
            REAL error = D[c] - y[c];
            losses[c] += error * error;
            D[c] = 2 * error * factor[c];
        }
        return;
    }
    for (i64 c = 0; c < n; c++) {
        REAL h = D[c], size = name(abs)(h), e = name(exp)(name(at_least)(-size, LOW));
        REAL large = 1 / (1 + e), small = e * large;
        REAL p = h < 0 ? small : large, q = h < 0 ? large : small; /* sigma(h), sigma(-h) */
        REAL error = (1 - y[c]) * p - y[c] * q;
        if (loss == BCE) {
            losses[c] += (h < 0 ? y[c] : 1 - y[c]) * size + name(log1p)(e);
            D[c] = error * factor[c];
        } else {
            losses[c] += error * error;
            D[c] = 2 * error * (p * q) * factor[c];
        }
    }
}

/* Return how many answers are right: of each output, or whether the largest logit is the label's. */
HERE i64 name(right)(const Job *job, const REAL *H, i64 ld, const REAL *y, i64 ldy, i64 n)
{
    i64 K = job->sizes[job->depth], right = 0;
    for (i64 c = 0; c < n; c++) {
        i64 top = 0, label = 0;
        for (i64 k = 0; k < K; k++) {
            REAL slope, h = H[k * ld + c], t = y[k * ldy + c];
            if (h > H[top * ld + c]) top = k;
            if (t > y[label * ldy + c]) label = k;
            if (job->answers == EACH_OUTPUT)
                right += (name(sigmoid)(h, &slope) >= (REAL)0.5) == (t >= (REAL)0.5);
        }
        if (job->answers == LIKELIEST) right += top == label;
    }
    return right;
}

INLINE i64 name(parameters)(const Job *job)
{
    i64 count = 0;
    for (i64 i = 0; i < job->depth; i++) count += job->sizes[i + 1] * (job->sizes[i] + job->bias);
    return count;
}

INLINE i64 name(row)(const Job *job, i64 i) { return job->order ? (i64)job->order[i] : i; }

/* D (K x n) holds the logits of rows first .. first+n of the order; write delta_L into it. Return
 * the weighted sum of their losses; norms[depth] becomes nan where a logit is not finite. `batch` is
 * how many rows the batch has in all, `room` is for (2 K + 5) n numbers. */
HERE double name(outputs)(const Job *job, i64 first, i64 n, i64 batch, REAL *D, i64 ld, REAL *room)
{
    const REAL *labels = job->y, *omega = job->omega, *weight = job->weight;
    i64 K = job->sizes[job->depth], ldy = n;
    REAL *y = room, *factor = y + K * n, *losses = factor + K * n, *spare = losses + n;
    REAL scale = (REAL)(1 / job->divisors[batch != job->batch]);
    double sum = 0;
    REAL odd = 0;
    for (i64 c = 0; c < n; c++) {
        i64 row = name(row)(job, first + c);
        for (i64 k = 0; k < K; k++) {
            y[k * n + c] = labels[row * K + k];
            factor[k * n + c] = omega ? scale * omega[row * job->omega_row + k * job->omega_column] : scale;
        }
        losses[c] = 0;
    }
    for (i64 k = 0; k < K; k++)
        for (i64 c = 0; c < n; c++) odd += D[k * ld + c] - D[k * ld + c];
    job->norms[job->depth] = odd;
    if (job->answers >= 0) job->sums[1] += (double)name(right)(job, D, ld, y, ldy, n);
    if (job->loss == CROSS_ENTROPY)
        name(softmax)(D, ld, y, factor, ldy, K, n, losses, spare);
    else
        for (i64 k = 0; k < K; k++)
            name(separate)(job->loss, D + k * ld, y + k * n, factor + k * n, n, losses);
    for (i64 c = 0; c < n; c++)
        sum += weight ? (double)(losses[c] * weight[name(row)(job, first + c)]) : (double)losses[c];
    return sum;
}

/* Take step number t of the optimizer on parameters from .. to. */
HERE void name(descend)(const Job *job, i64 from, i64 to, i64 t)
{
    const REAL *restrict g = job->gradient;
    REAL *restrict theta = job->theta, *restrict m = job->moments[0], *restrict v = job->moments[1];
    const double *constants = job->constants;
    REAL rate = (REAL)job->rate, mu = (REAL)constants[0];
    switch (job->rule) {
    case SGD:
        for (i64 i = from; i < to; i++) theta[i] -= rate * g[i];
        return;
    case MOMENTUM:
        for (i64 i = from; i < to; i++) {
            m[i] = mu * m[i] + g[i];
            theta[i] -= rate * m[i];
        }
        return;
    case NESTEROV:
        for (i64 i = from; i < to; i++) {
            m[i] = mu * m[i] + g[i];
            theta[i] -= rate * (g[i] + mu * m[i]);
        }
        return;
    default: {
        double unbias = sqrt((1 - pow(constants[1], (double)t)) / (1 - constants[1]));
        REAL beta2 = (REAL)constants[1], epsilon = (REAL)(constants[2] * unbias);
        rate = (REAL)(job->rate * unbias * (1 - constants[0]) / (1 - pow(constants[0], (double)t)));
        for (i64 i = from; i < to; i++) {
            REAL size = name(at_least)(name(abs)(g[i]), SMALLEST_ROOT);
            m[i] = mu * m[i] + g[i];
            v[i] = beta2 * v[i] + size * size;
#if IS(REAL) == 1
            theta[i] -= rate * (m[i] / (sqrtf(v[i]) + epsilon));
#else
            theta[i] -= rate * (m[i] / (sqrt(v[i]) + epsilon));
#endif
        }
    }
    }
}

/* ---- whole steps ---- */

typedef struct { REAL **Z, **S, **D, **T, *room; i64 ld; } Space;

INLINE i64 name(padded)(i64 n) { return (n + PAD - 1) / PAD * PAD; }

/* Return how far apart rows of n numbers lie: lines of the cache, of many an odd number, as rows at
 * powers of two would share a few places in it. */
INLINE i64 name(stride)(i64 n)
{
    i64 lines = (n + PAD - 1) / PAD;
    return (lines > 4 ? lines | 1 : lines) * PAD;
}

/* Lay the arrays of a step out from `work` on (null: only count); return how many bytes they take. */
HERE i64 name(lay)(const Job *job, Space *space, void *work)
{
    i64 L = job->depth, K = job->sizes[L], ld = name(stride)(job->rows), size = 0;
    REAL **pointers = work, *at = (REAL *)((char *)work + (4 * (L + 1) * (i64)sizeof(REAL *) + 63) / 64 * 64);
    space->Z = pointers, space->D = pointers + L + 1, space->T = pointers + 2 * (L + 1);
    space->S = pointers + 3 * (L + 1), space->ld = ld;
#define TAKE(pointer, count) \
    do { \
        if (work) pointer = at + size; \
        size += name(padded)(count); \
    } while (0)
    for (i64 i = 0; i <= L; i++) {
        TAKE(space->Z[i], job->sizes[i] * ld);
        TAKE(space->S[i], job->sizes[i] * ld);
        TAKE(space->D[i], job->sizes[i] * ld + 2 * PAD);
        TAKE(space->T[i], job->rows * name(stride)(job->sizes[i]));
    }
    TAKE(space->room, (2 * K + 5) * ld);
#undef TAKE
    return (char *)(at + size) - (char *)work;
}

TARGET EXPORT i64 name(work)(const Job *job)
{
    Space space;
    return name(lay)(job, &space, 0);
}

/* Gather rows first .. first+n and leave H_L in D_L; T_i only where there is a way back. */
HERE void name(forward)(const Job *job, const Space *s, i64 first, i64 n, int back)
{
    const REAL *theta = job->theta, *X = job->X;
    i64 L = job->depth, n_0 = job->sizes[0], ldt = name(stride)(n_0);
    for (i64 c = 0; c < n; c++)
        memcpy(s->T[0] + c * ldt, X + name(row)(job, first + c) * n_0, (size_t)n_0 * sizeof(REAL));
    name(transpose)(s->Z[0], s->ld, s->T[0], ldt, n, n_0);
    for (i64 i = 1; i <= L; i++) {
        i64 width = job->sizes[i], fan_in = job->sizes[i - 1], columns = (n + LANES - 1) / LANES * LANES;
        const REAL *b = theta + width * fan_in;
        REAL *H = i < L ? s->Z[i] : s->D[i];
        name(product)(H, s->ld, width, n, job->bias ? b : 0, 0, theta, fan_in, 1, s->Z[i - 1], s->ld, fan_in, DEPTH);
        theta = job->bias ? b + width : b;
        if (i == L) return;
        name(activate)(job->activation, (REAL)job->slope, H, s->S[i], s->ld, width, columns);
        if (back) name(transpose)(s->T[i], name(stride)(width), H, s->ld, width, n);
    }
}

/* The way back through units from .. to, counted from the first of the output layer down, given delta_L
 * in D_L: of each layer their part of delta_i into D_i, then that of dJ/dtheta, without its penalty, into G.
 * The layer above is done and is not touched: the last rows of W_i, behind which a vector would reach
 * into it, go by D_{i-1}. */
HERE void name(backward)(const Job *job, const Space *s, i64 n, i64 from, i64 to)
{
    i64 L = job->depth, ld = s->ld, start = name(parameters)(job);
    for (i64 i = L; i > 0; from -= job->sizes[i], to -= job->sizes[i], i--) {
        i64 width = job->sizes[i], fan_in = job->sizes[i - 1], size = width * (fan_in + job->bias);
        i64 first = from < 0 ? 0 : from, end = to < width ? to : width, ldt = name(stride)(fan_in);
        const REAL *above = (const REAL *)job->theta + start, *T = s->T[i - 1];
        start -= size;
        if (first >= end) continue;
        REAL *G = (REAL *)job->gradient + start, *b = G + width * fan_in, *D = s->D[i], *spare = s->D[i - 1];
        if (i < L)
            name(product)(D + first * ld, ld, end - first, n, 0, s->S[i] + first * ld, above + first, 1, width,
                          s->D[i + 1], ld, job->sizes[i + 1], DEPTH);
        i64 apart = (size + fan_in - (fan_in + LANES - 1) / LANES * LANES) / fan_in;
        apart = i == L ? end : name(within)(apart, first, end);
        name(product)(G + first * fan_in, fan_in, apart - first, fan_in, 0, 0, D + first * ld, ld, 1, T, ldt, n, n);
        name(product)(spare, fan_in, end - apart, fan_in, 0, 0, D + apart * ld, ld, 1, T, ldt, n, n);
        memcpy(G + apart * fan_in, spare, (size_t)((end - apart) * fan_in) * sizeof *G);
        for (i64 j = 0; j < width * job->bias && end == width; j++) b[j] = name(total)(D + j * ld, n);
    }
}

/* G += others + l2 theta on n numbers from `at` on (penalty 0: none); return the sum of squares. */
HERE double name(add)(const Job *job, i64 at, i64 n, i64 count, const REAL *const *others, REAL penalty)
{
    enum { PIECE = 4096 };
    double sum = 0;
    for (i64 end = at + n; at < end; at += PIECE) {
        i64 size = end - at < PIECE ? end - at : PIECE;
        REAL *restrict g = (REAL *)job->gradient + at;
        const REAL *restrict theta = (const REAL *)job->theta + at;
        for (i64 k = 0; k < count; k++) {
            const REAL *restrict other = others[k] + at;
            for (i64 i = 0; i < size; i++) g[i] += other[i];
        }
        if (penalty != 0)
            for (i64 i = 0; i < size; i++) g[i] += penalty * theta[i];
        sum += name(squares)(g, size);
    }
    return sum;
}

/* Finish the gradient from .. to: add those of others and the penalty's; add squares to `norms`. */
HERE void name(finish)(const Job *job, i64 from, i64 to, i64 count, const REAL *const *others, double *norms)
{
    i64 start = 0;
    for (i64 i = 0; i < job->depth; i++) {
        i64 width = job->sizes[i + 1], weights = start + width * job->sizes[i];
        i64 stop = weights + width * job->bias;
        i64 a = name(within)(start, from, to), b = name(within)(weights, from, to), c = name(within)(stop, from, to);
        norms[i] += name(add)(job, a, b - a, count, others, (REAL)job->l2);
        norms[i] += name(add)(job, b, c - b, count, others, 0);
        start = stop;
    }
}

/* Take steps over `total` rows of the order, in batches; return how many. It ends early, before the
 * update, at a step whose gradient or logits are not finite; job->norms are its norms. */
TARGET EXPORT i64 name(run)(const Job *job, i64 total)
{
    unsigned long long before = flush_subnormals();
    i64 L = job->depth, done = 0, parameters = name(parameters)(job);
    Space s;
    name(lay)(job, &s, job->work);
    for (i64 first = 0; first < total; first += job->batch, done++) {
        i64 n = total - first < job->batch ? total - first : job->batch;
        name(forward)(job, &s, first, n, 1);
        double loss = name(outputs)(job, first, n, n, s.D[L], s.ld, s.room), sum = job->norms[L];
        name(backward)(job, &s, n, 0, INT64_MAX);
        for (i64 i = 0; i < L; i++) job->norms[i] = 0;
        name(finish)(job, 0, parameters, 0, 0, job->norms);
        for (i64 i = 0; i < L; i++) sum += job->norms[i];
        if (!isfinite(sum)) break;
        name(descend)(job, 0, parameters, job->steps ? ++*job->steps : 0);
        for (i64 i = 0; i < L; i++) job->squares[i] += job->norms[i];
        job->sums[0] += loss;
    }
    restore(before);
    return done;
}

/* A member's part of a step: the gradient, without its penalty, of n rows from `first` on, of a batch
 * of so many, at units from .. to (see `backward`); return their losses, with those from 0 on, else 0. */
TARGET EXPORT double name(part)(const Job *job, i64 first, i64 n, i64 batch, i64 from, i64 to)
{
    unsigned long long before = flush_subnormals();
    double loss = 0;
    Space s;
    name(lay)(job, &s, job->work);
    if (!from) {
        name(forward)(job, &s, first, n, 1);
        loss = name(outputs)(job, first, n, batch, s.D[job->depth], s.ld, s.room);
    }
    name(backward)(job, &s, n, from, to);
    restore(before);
    return loss;
}

/* A member's part of adding up: see `finish`. */
TARGET EXPORT void name(join)(const Job *job, i64 from, i64 to, i64 count, const REAL *const *others,
                              double *norms)
{
    unsigned long long before = flush_subnormals();
    name(finish)(job, from, to, count, others, norms);
    restore(before);
}

/* A member's part of step number t of the optimizer: parameters from .. to. */
TARGET EXPORT void name(update)(const Job *job, i64 from, i64 to, i64 t)
{
    unsigned long long before = flush_subnormals();
    name(descend)(job, from, to, t);
    restore(before);
}

/* Write the logits of `total` rows into `logits` (total x K; may be null); where there are labels,
 * add their losses and right answers to job->sums. */
TARGET EXPORT void name(look)(const Job *job, i64 total, REAL *logits)
{
    unsigned long long before = flush_subnormals();
    i64 L = job->depth, K = job->sizes[L];
    Space s;
    name(lay)(job, &s, job->work);
    for (i64 first = 0; first < total; first += job->rows) {
        i64 n = total - first < job->rows ? total - first : job->rows;
        name(forward)(job, &s, first, n, 0);
        if (logits) name(transpose)(logits + first * K, K, s.D[L], s.ld, K, n);
        if (job->y) job->sums[0] += name(outputs)(job, first, n, n, s.D[L], s.ld, s.room);
    }
    restore(before);
}

INLINE vec name(some)(const REAL *x, i64 n)
{
    vec found = {0};
    if (n >= LANES) return *(const loose *)x;
    memcpy(&found, x, (size_t)n * sizeof *x);
    return found;
}

/* out (units x probes) = sums over n rows of c(u+) - c(u-), u+- = s g / (lean g +- 1), g = half Z, and
 * c(u) = u (P + Q x + R x^2), x = scale u: see check/numeric/small.py. Z is (probes x n). */
TARGET EXPORT void name(differences)(i64 units, i64 probes, i64 n, i64 ld, double scale, const REAL *Z,
                                     const REAL *half, const REAL *s, const REAL *lean, const REAL *P,
                                     const REAL *Q, const REAL *R, REAL *out)
{
    for (i64 j = 0; j < units; j++, s += n, lean += n, P += n, Q += n, R += n)
        for (i64 k = 0; k < probes; k++) {
            vec sum = {0};
            for (i64 r = 0; r < n; r += LANES) {
#define AT(a) name(some)((a) + r, n - r)
                vec g = AT(Z + k * ld) * half[k], turn = AT(lean) * g, top = AT(s) * g;
                vec u = top / (turn + 1), v = top / (turn - 1), x = u * (REAL)scale, y = v * (REAL)scale;
                sum += u * (AT(P) + x * (AT(Q) + x * AT(R))) - v * (AT(P) + y * (AT(Q) + y * AT(R)));
#undef AT
            }
            *out++ = name(fold)(sum);
        }
}

#undef TYPE
#undef BITS
#undef MANTISSA
#undef ONE_BITS
#undef LOW
#undef LN2_HIGH
#undef LN2_LOW
#undef ROUNDER
#undef SMALLEST_ROOT
#undef PAD
#undef DEPTH
#undef LANES
#undef vec
#undef loose
#undef eight
#undef Space
#undef HERE
#undef INLINE
#undef REAL
#endif
