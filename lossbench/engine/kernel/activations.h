// Vectors of the processor's width, and the hidden activations of whole vectors, by the names of
// `components/hidden_activations.py`: value(z), and slope(g, h) = g times the derivative where the value is h.

#pragma once

#include <cstdint>
#include <cstring>

namespace {

#if defined(__AVX512F__)
constexpr int BYTES = 64, TILE_ROWS = 8;  // a vector; rows of a tile, so that its sums fill the registers
#elif defined(__AVX__)
constexpr int BYTES = 32, TILE_ROWS = 6;
#else
constexpr int BYTES = 16, TILE_ROWS = 4;
#endif
constexpr int64_t LINE = 16;  // numbers that widths of hidden layers are multiples of

template <class T> struct Vectors {
    typedef T type __attribute__((vector_size(BYTES), aligned(alignof(T)), may_alias));
};
template <class T> using V = typename Vectors<T>::type;
template <class T> constexpr int LANES = BYTES / sizeof(T);
template <class T> constexpr int PANEL = 2 * LANES<T> <= LINE ? 2 * LANES<T> : LANES<T>;  // columns of a tile

template <class T> inline V<T> load(const T* at) { return *reinterpret_cast<const V<T>*>(at); }
template <class T> inline void store(T* at, V<T> value) { *reinterpret_cast<V<T>*>(at) = value; }

template <class T> struct Bits;
template <> struct Bits<float> {
    typedef int32_t type;
    static constexpr int mantissa = 23, bias = 127, terms = 8;
    static constexpr float magic = 12582912.0f, lowest = -87.0f;
};
template <> struct Bits<double> {
    typedef int64_t type;
    static constexpr int mantissa = 52, bias = 1023, terms = 14;
    static constexpr double magic = 6755399441055744.0, lowest = -708.0;
};

// exp(x) - MINUS for x <= 0, MINUS 0 or 1, to a rounding or two: x = n ln 2 + r, e^r - 1 by its series.
template <class T, int MINUS> inline V<T> exp_of_negative(V<T> x) {
    typedef typename Bits<T>::type Int;
    typedef Int Ints __attribute__((vector_size(BYTES)));
    const V<T> lowest = Bits<T>::lowest - V<T>{};
    x = x < lowest ? lowest : x;  // a NaN stays one
    V<T> n = x * T(1.4426950408889634) + Bits<T>::magic;
    n = n - Bits<T>::magic;
    // ln 2 in two parts, the first of few digits, so that n times it is exact
    V<T> r = x - n * T(0.693145751953125);
    r = r - n * T(1.428606820309417e-6);
    V<T> q = V<T>{} + T(1);
    T inverse[Bits<T>::terms + 1];
    for (int k = 2; k <= Bits<T>::terms; ++k) inverse[k] = T(1) / T(k);
#pragma GCC unroll 16
    for (int k = Bits<T>::terms; k >= 2; --k) q = T(1) + r * inverse[k] * q;
    Ints power = (__builtin_convertvector(n, Ints) + Bits<T>::bias) << Bits<T>::mantissa;
    V<T> scale;
    std::memcpy(&scale, &power, sizeof scale);
    return scale * (r * q) + (scale - T(MINUS));
}

template <class T> inline V<T> absolute(V<T> x) { return x < T(0) ? -x : x; }

namespace activations {
struct identity {
    template <class T> static V<T> value(V<T> z) { return z; }
    template <class T> static V<T> slope(V<T> g, V<T>) { return g; }
};
struct relu {
    template <class T> static V<T> value(V<T> z) { return z < T(0) ? V<T>{} : z; }
    template <class T> static V<T> slope(V<T> g, V<T> h) { return h <= T(0) ? V<T>{} : g; }
};
struct leaky_relu {
    template <class T> static V<T> value(V<T> z) { return z > T(0) ? z : z * T(0.01); }
    template <class T> static V<T> slope(V<T> g, V<T> h) { return h > T(0) ? g : g * T(0.01); }
};
struct tanh {
    template <class T> static V<T> value(V<T> z) {
        V<T> e = exp_of_negative<T, 1>(T(-2) * absolute<T>(z)), size = -e / (e + T(2));
        return z < T(0) ? -size : size;
    }
    template <class T> static V<T> slope(V<T> g, V<T> h) { return g * (T(1) - h * h); }
};
struct sigmoid {
    template <class T> static V<T> value(V<T> z) {
        V<T> e = exp_of_negative<T, 0>(-absolute<T>(z));
        return (z < T(0) ? e : V<T>{} + T(1)) / (T(1) + e);
    }
    template <class T> static V<T> slope(V<T> g, V<T> h) { return g * (T(1) - h) * h; }
};
struct elu {
    template <class T> static V<T> value(V<T> z) {
        V<T> e = exp_of_negative<T, 1>(z > T(0) ? V<T>{} : z);
        return z > T(0) ? z : e;
    }
    template <class T> static V<T> slope(V<T> g, V<T> h) { return h <= T(0) ? g * (h + T(1)) : g; }
};
}  // namespace activations

}  // namespace
