// Products of small matrices, their sums in registers, and the transpose that one of them needs.

#pragma once

#include "activations.h"

namespace {

// A matrix of factors a(m, k) = at[m * row + k * column].
template <class T> struct Factors {
    const T* at;
    int64_t row, column;
};
// A matrix b[k][n], cut into panels of PANEL columns: panel j is at + j * panel, its rows `row` apart.
template <class T> struct Panels {
    const T* at;
    int64_t row, panel;
};
template <class T> Panels<T> plain(const T* at, int64_t width) { return {at, width, PANEL<T>}; }
template <class T> Panels<T> packed(const T* at, int64_t depth) { return {at, PANEL<T>, depth * PANEL<T>}; }

// c[M, PANEL] = finish(start + sum_k a(m, k) b[k]), its sums in registers; products are added in the order of k.
template <class T, int M, class Finish>
inline __attribute__((always_inline)) void tile(
    int64_t depth, Factors<T> a, const T* b, int64_t b_row, const T* start, T* c, int64_t c_row, Finish finish) {
    constexpr int N = PANEL<T> / LANES<T>;
    V<T> sum[M][N];
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m)
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) sum[m][n] = start ? load<T>(start + n * LANES<T>) : V<T>{};
    // Rows three by three from a pointer each, which the compiler is kept from splitting: else it keeps an offset for
    // every row, runs out of registers, and loads them again and again.
    const T* block[(M + 2) / 3];
    for (int m = 0; m < M; m += 3) block[m / 3] = a.at + m * a.row;
#pragma GCC unroll 4
    for (int64_t k = 0; k < depth; ++k) {
        V<T> right[N];
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) right[n] = load<T>(b + n * LANES<T>);
#pragma GCC unroll 8
        for (int m = 0; m < M; ++m) {
            const T left = block[m / 3][m % 3 * a.row];
#pragma GCC unroll 2
            for (int n = 0; n < N; ++n) sum[m][n] += left * right[n];
        }
        b += b_row;
#pragma GCC unroll 8
        for (int m = 0; m < M; m += 3) {
            block[m / 3] += a.column;
            __asm__("" : "+r"(block[m / 3]));
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m)
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n)
            store<T>(c + m * c_row + n * LANES<T>, finish(sum[m][n], m * c_row + n * LANES<T>));
}

template <class T, class Finish>
inline __attribute__((always_inline)) void tile_of(
    int64_t rows, int64_t depth, Factors<T> a, const T* b, int64_t b_row, const T* start, T* c, int64_t c_row,
    Finish finish) {
    switch (rows) {
        case 1: return tile<T, 1>(depth, a, b, b_row, start, c, c_row, finish);
        case 2: return tile<T, 2>(depth, a, b, b_row, start, c, c_row, finish);
        case 3: return tile<T, 3>(depth, a, b, b_row, start, c, c_row, finish);
        case 4: return tile<T, 4>(depth, a, b, b_row, start, c, c_row, finish);
#if defined(__AVX__)
        case 5: return tile<T, 5>(depth, a, b, b_row, start, c, c_row, finish);
        case 6: return tile<T, 6>(depth, a, b, b_row, start, c, c_row, finish);
#endif
#if defined(__AVX512F__)
        case 7: return tile<T, 7>(depth, a, b, b_row, start, c, c_row, finish);
        case 8: return tile<T, 8>(depth, a, b, b_row, start, c, c_row, finish);
#endif
    }
}

// The rows of tile number t of a matrix cut into as equal tiles as possible.
inline int64_t tiles(int64_t rows) { return (rows + TILE_ROWS - 1) / TILE_ROWS; }
inline int64_t cut(int64_t rows, int64_t t) { return rows * t / tiles(rows); }

// c[rows, width] = finish(start + a b), `width` a multiple of PANEL; finish(sums, place in c).
template <class T, class Finish>
inline void product(
    int64_t rows, int64_t depth, int64_t width, const T* a, int64_t a_row, Panels<T> b, const T* start, T* c,
    Finish finish) {
    for (int64_t j = 0; j < width; j += PANEL<T>) {
        const T* right = b.at + j / PANEL<T> * b.panel;
        for (int64_t t = 0; t < tiles(rows); ++t) {
            const int64_t r = cut(rows, t), count = cut(rows, t + 1) - r, place = r * width + j;
            const Factors<T> left = {a + r * a_row, a_row, 1};
            tile_of<T>(count, depth, left, right, b.row, start ? start + j : nullptr, c + place, width,
                       [&](V<T> sum, int64_t at) { return finish(sum, place + at); });
        }
    }
}

// Panels of w^T: w [I, O] with rows `width` apart, I a multiple of LINE.
template <class T> void transpose(const T* w, int64_t I, int64_t O, int64_t width, T* out) {
    for (int64_t i = 0; i < I; ++i) {
        T* panel = out + i / PANEL<T> * O * PANEL<T> + i % PANEL<T>;
        for (int64_t o = 0; o < O; ++o) panel[o * PANEL<T>] = w[i * width + o];
    }
}
template <> void transpose<float>(const float* w, int64_t I, int64_t O, int64_t width, float* out) {
    typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));
    constexpr int64_t P = PANEL<float>;
    for (int64_t i = 0; i < I; i += 4) {
        float* panel = out + i / P * O * P + i % P;
        int64_t o = 0;
        for (; o + 4 <= O; o += 4) {
            Four r[4];
            for (int k = 0; k < 4; ++k) r[k] = *reinterpret_cast<const Four*>(w + (i + k) * width + o);
            Four a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5), b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
            Four c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7), d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
            *reinterpret_cast<Four*>(panel + o * P) = __builtin_shufflevector(a, b, 0, 1, 4, 5);
            *reinterpret_cast<Four*>(panel + (o + 1) * P) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
            *reinterpret_cast<Four*>(panel + (o + 2) * P) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
            *reinterpret_cast<Four*>(panel + (o + 3) * P) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
        }
        for (; o < O; ++o)
            for (int k = 0; k < 4; ++k) panel[o * P + k] = w[(i + k) * width + o];
    }
}

}  // namespace
