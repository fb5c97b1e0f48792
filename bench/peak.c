/* The multiply-add rate of one core: independent chains that stay in registers.

   Twelve accumulators cover what the units have in flight on every present CPU
   (latency times throughput is 8 to 10) and leave registers for m and c. */

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define CHAINS 12

#define MEASURE(name, T)                                                       \
    double name(long n, T m, T c)                                              \
    {                                                                          \
        typedef T vector __attribute__((vector_size(BYTES)));                  \
        vector a[CHAINS];                                                      \
        for (int j = 0; j < CHAINS; ++j) /* alike, they would become one */    \
            a[j] = (vector){0} + c * (T)j;                                     \
        for (long i = 0; i < n; ++i)                                           \
            for (int j = 0; j < CHAINS; ++j)                                   \
                a[j] = a[j] * m + c;                                           \
        double sum = 0;                                                        \
        for (int j = 0; j < CHAINS; ++j)                                       \
            sum += a[j][0];                                                    \
        return sum;                                                            \
    }

MEASURE(chains_float32, float)
MEASURE(chains_float64, double)

/* Floating-point operations in one n. */
long operations_float32(void) { return 2L * CHAINS * (BYTES / sizeof(float)); }
long operations_float64(void) { return 2L * CHAINS * (BYTES / sizeof(double)); }
