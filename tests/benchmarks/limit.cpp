// The limit that the engine is measured against: nets INPUTS - WIDTH x DEPTH - 1 trained one after another, every size
// known to the compiler, the derivative of the logistic loss by hand, Adam, shuffled batches of 32 of the same table.
// A net's numbers stay in the second cache; there is no Python and no loss but this one.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

namespace {
constexpr int BATCH = 32, LANES = 8, TILE = 4;
typedef float Vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
inline Vec& at(float* p) { return *reinterpret_cast<Vec*>(p); }
inline Vec of(const float* p) { return *reinterpret_cast<const Vec*>(p); }

// c[M, N] = start + a b, a(m, k) = a[m * AM + k * AK], N a multiple of two vectors, M of TILE (a rest is done alone).
template <int M, int K, int N, int AM, int AK, int R, class End>
inline void rows(const float* a, const float* b, const float* start, float* c, int m, End end) {
    for (int n = 0; n < N; n += 2 * LANES) {
        Vec sum[R][2];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sum[r][0] = start ? of(start + n) : Vec{}, sum[r][1] = start ? of(start + n + LANES) : Vec{};
#pragma GCC unroll 4
        for (int k = 0; k < K; ++k) {
            const Vec left = of(b + k * N + n), right = of(b + k * N + n + LANES);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const float f = a[(m + r) * AM + k * AK];
                sum[r][0] += f * left, sum[r][1] += f * right;
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const int place = (m + r) * N + n;
            at(c + place) = end(sum[r][0], place), at(c + place + LANES) = end(sum[r][1], place + LANES);
        }
    }
}
template <int M, int K, int N, int AM, int AK, class End>
inline void product(const float* a, const float* b, const float* start, float* c, End end) {
    int m = 0;
    for (; m + 6 <= M; m += 6) rows<M, K, N, AM, AK, 6>(a, b, start, c, m, end);
    if constexpr (M % 6 > 3) rows<M, K, N, AM, AK, M % 6>(a, b, start, c, m, end);
    else if constexpr (M % 6 > 0) rows<M, K, N, AM, AK, M % 6>(a, b, start, c, m, end);
}
inline Vec none(Vec v, int) { return v; }
inline Vec relu(Vec v, int) { return v < 0.f ? Vec{} : v; }

struct Moments {
    float rate, root;
    void operator()(int count, float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict s) const {
        for (int k = 0; k < count; ++k) {
            m[k] += .1f * (g[k] - m[k]);
            s[k] = .999f * s[k] + .001f * g[k] * g[k];
            p[k] -= rate * m[k] / (std::sqrt(s[k]) * root + 1e-8f);
        }
    }
};

template <int I, int O> struct Layer {
    alignas(64) float w[I * O], b[O], wm[I * O] = {}, ws[I * O] = {}, bm[O] = {}, bs[O] = {}, g[I * O], gb[O], wt[O * I];
    alignas(64) float h[BATCH * O];
    template <class Random> void start(Random& random) {
        std::uniform_real_distribution<float> draw(-1 / std::sqrt(float(I)), 1 / std::sqrt(float(I)));
        for (float& v : w) v = draw(random);
        for (float& v : b) v = draw(random);
    }
    void forward(const float* x) { product<BATCH, I, O, I, 1>(x, w, b, h, relu); }
    void to_inputs(const float* slope, const float* x, float* next) {
        for (int i = 0; i < I; i += 8)
            for (int o = 0; o < O; o += 8)
                for (int q = 0; q < 8; ++q)
                    for (int r = 0; r < 8; ++r) wt[(o + q) * I + i + r] = w[(i + r) * O + o + q];
        product<BATCH, O, I, O, 1>(slope, wt, nullptr, next, [x](Vec v, int k) { return of(x + k) <= 0.f ? Vec{} : v; });
    }
    void step(const float* slope, const float* x, Moments adam) {
        product<I, BATCH, O, 1, I>(x, slope, nullptr, g, none);
        for (int o = 0; o < O; ++o) gb[o] = 0;
        for (int r = 0; r < BATCH; ++r)
            for (int o = 0; o < O; ++o) gb[o] += slope[r * O + o];
        adam(I * O, w, g, wm, ws), adam(O, b, gb, bm, bs);
    }
};

struct Net {
    Layer<INPUTS, WIDTH> first;
    Layer<WIDTH, WIDTH> deep[DEPTH > 1 ? DEPTH - 1 : 1];
    alignas(64) float w[WIDTH], wm[WIDTH] = {}, ws[WIDTH] = {}, g[WIDTH], b = 0, bm = 0, bs = 0;
    alignas(64) float slope[2][BATCH * WIDTH], dz[BATCH];
    double loss = 0;
    const float* hidden(int layer) { return layer ? deep[layer - 1].h : first.h; }
    void step(const float* x, const float* t, int steps) {
        const Moments adam{1e-3f / float(1 - std::pow(.9, steps)), float(1 / std::sqrt(1 - std::pow(.999, steps)))};
        first.forward(x);
        for (int l = 1; l < DEPTH; ++l) deep[l - 1].forward(hidden(l - 1));
        const float* h = hidden(DEPTH - 1);
        float z[BATCH], gb = 0;
        for (int r = 0; r < BATCH; ++r) {
            Vec sum = {};
            for (int i = 0; i < WIDTH; i += LANES) sum += of(h + r * WIDTH + i) * of(w + i);
            z[r] = b;
            for (int k = 0; k < LANES; ++k) z[r] += sum[k];
        }
        float batch = 0;
        for (int r = 0; r < BATCH; ++r) {
            const float e = std::exp(-std::fabs(z[r]));
            batch += std::fmax(z[r], 0.f) - z[r] * t[r] + std::log(1 + e);
            dz[r] = ((z[r] < 0 ? e : 1) / (1 + e) - t[r]) / BATCH;
            gb += dz[r];
        }
        loss += batch;
        for (int i = 0; i < WIDTH; ++i) g[i] = 0;
        for (int r = 0; r < BATCH; ++r)
            for (int i = 0; i < WIDTH; ++i) {
                g[i] += dz[r] * h[r * WIDTH + i];
                slope[0][r * WIDTH + i] = h[r * WIDTH + i] <= 0 ? 0 : dz[r] * w[i];
            }
        adam(WIDTH, w, g, wm, ws), adam(1, &b, &gb, &bm, &bs);
        int now = 0;
        for (int l = DEPTH - 1; l > 0; --l, now = 1 - now) {
            deep[l - 1].to_inputs(slope[now], hidden(l - 1), slope[1 - now]);
            deep[l - 1].step(slope[now], hidden(l - 1), adam);
        }
        first.step(slope[now], x, adam);
    }
};
}  // namespace

// Trains `members` nets on the table x [rows, INPUTS], t [rows]; the sum of their losses, so that nothing is left out.
// A rest of rows that fills no batch is taken by a batch that reaches back: every step is as long as the others.
extern "C" double limit(const float* x, const float* t, int64_t table, int64_t members, int64_t epochs) {
    double total = 0;
    std::vector<int> order(table);
    for (int64_t p = 0; p < members; ++p) {
        std::mt19937 random(p);
        Net* net = new Net;
        net->first.start(random);
        for (auto& layer : net->deep) layer.start(random);
        std::uniform_real_distribution<float> draw(-1 / std::sqrt(float(WIDTH)), 1 / std::sqrt(float(WIDTH)));
        for (float& v : net->w) v = draw(random);
        for (int64_t k = 0; k < table; ++k) order[k] = k;
        int steps = 0;
        for (int64_t e = 0; e < epochs; ++e) {
            for (int64_t k = table - 1; k > 0; --k) std::swap(order[k], order[uint64_t(random()) * (k + 1) >> 32]);
            for (int64_t start = 0; start < table; start += BATCH) {
                const int64_t from = start + BATCH <= table ? start : table - BATCH;
                alignas(64) float rows_x[BATCH * INPUTS], rows_t[BATCH];
                for (int r = 0; r < BATCH; ++r) {
                    for (int d = 0; d < INPUTS; ++d) rows_x[r * INPUTS + d] = x[order[from + r] * INPUTS + d];
                    rows_t[r] = t[order[from + r]];
                }
                net->step(rows_x, rows_t, ++steps);
            }
        }
        total += net->loss;
        delete net;
    }
    return total;
}
