/* Many small networks, each trained over its full batch by Adam: what benchmarks/rows.py compares
   labkit.fit_torch_many with. One hidden layer with ReLU, one output, mean squared error, float32,
   one thread, one network after another: all that one needs stays in a processor's cache.

   Features come with a column of X in a row, so that all inner loops go along the rows of data,
   side by side in memory; the pragmas let the compiler add up in several parts at once. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float sum(const float *restrict a, int n)
{
    float total = 0;
    #pragma omp simd reduction(+:total)
    for (int i = 0; i < n; i++) total += a[i];
    return total;
}

static float dot(const float *restrict a, const float *restrict b, int n)
{
    float total = 0;
    #pragma omp simd reduction(+:total)
    for (int i = 0; i < n; i++) total += a[i] * b[i];
    return total;
}

/* y += a x */
static void add(float *restrict y, float a, const float *restrict x, int n)
{
    #pragma omp simd
    for (int i = 0; i < n; i++) y[i] += a * x[i];
}

static void fill(float *restrict y, float value, int n)
{
    for (int i = 0; i < n; i++) y[i] = value;
}

/* Train one network in place; X is p x n, weights are W1 (hidden x p), b1, w2 (hidden), b2. */
static float train(float *weights, const float *X, const float *y, int n, int p, int hidden,
                   int epochs, float lr, float *work)
{
    const int P = hidden * p + hidden + hidden + 1;
    float *W1 = weights, *b1 = W1 + hidden * p, *w2 = b1 + hidden, *b2 = w2 + hidden;
    float *gradient = work, *m = gradient + P, *v = m + P;
    float *dW1 = gradient, *db1 = dW1 + hidden * p, *dw2 = db1 + hidden, *db2 = dw2 + hidden;
    float *A = v + P, *delta = A + hidden * n, *error = delta + n;
    double beta1 = 1, beta2 = 1;
    float loss = 0;

    memset(m, 0, 2 * P * sizeof(float));
    for (int epoch = 0; epoch < epochs; epoch++) {
        fill(error, *b2, n);
        for (int k = 0; k < hidden; k++) {
            float *a = A + k * n;
            fill(a, b1[k], n);
            for (int j = 0; j < p; j++) add(a, W1[k * p + j], X + j * n, n);
            for (int i = 0; i < n; i++) a[i] = a[i] > 0 ? a[i] : 0;
            add(error, w2[k], a, n);
        }
        for (int i = 0; i < n; i++) error[i] -= y[i];
        loss = dot(error, error, n) / n;

        for (int i = 0; i < n; i++) error[i] *= 2.0f / n;  /* the slope of the loss */
        *db2 = sum(error, n);
        for (int k = 0; k < hidden; k++) {
            const float *a = A + k * n;
            dw2[k] = dot(error, a, n);
            for (int i = 0; i < n; i++) delta[i] = a[i] > 0 ? w2[k] * error[i] : 0;
            db1[k] = sum(delta, n);
            for (int j = 0; j < p; j++) dW1[k * p + j] = dot(delta, X + j * n, n);
        }

        beta1 *= 0.9;
        beta2 *= 0.999;
        const float step = lr / (1 - beta1), root = sqrt(1 - beta2);
        for (int i = 0; i < P; i++) {
            m[i] += 0.1f * (gradient[i] - m[i]);
            v[i] += 0.001f * (gradient[i] * gradient[i] - v[i]);
            weights[i] -= step * m[i] / (sqrtf(v[i]) / root + 1e-8f);
        }
    }
    return loss;
}

/* Train R networks, and write the last loss of each. Returns 0, or 1 where memory is short. */
int train_many(float *weights, const float *X, const float *y, float *losses, int R, int n, int p,
               int hidden, int epochs, float lr)
{
    const int P = hidden * p + hidden + hidden + 1;
    float *work = malloc((3 * P + (hidden + 2) * n) * sizeof(float));
    if (work == NULL) return 1;
    for (int r = 0; r < R; r++)
        losses[r] = train(weights + r * P, X + r * p * n, y + r * n, n, p, hidden, epochs, lr, work);
    free(work);
    return 0;
}
