// The products of a step, one net after another: forward, backward, and Adam on each layer as its gradient appears.
// `lossbench/engine/kernel/__init__.py` explains the whole; letters: B rows of a batch, I/O in and out of a layer,
// K outputs. Rows of padding are not computed. A net's arithmetic is the same whatever nets are beside it.

#include <cmath>

#include "products.h"

namespace {

// Rows that are taken at a time: more do not stay in the second cache.
constexpr int64_t BLOCK = 128;

}  // namespace

// --- a step, as Python describes it (`binding.py` has the same fields) ----------------------------------------------

extern "C" {
struct Layer {
    int64_t inputs, outputs;               // that count
    int64_t inputs_padded, outputs_padded; // as the parameters lie
    int64_t weight, weight_room, bias, bias_room;  // where the first net's are in a flat buffer; numbers a net takes
    void* values;                          // [P, B, outputs_padded] of a hidden layer, [K, P, B] of the last one
};
struct Step {
    int64_t members, rows_padded, depth, widest, largest;  // numbers of the widest row and the largest matrix, in lines
    const Layer* layers;
    void *parameters, *gradient;  // flat buffers
    void* scratch;                // 2 BLOCK widest + 2 largest + 2 widest numbers
};
struct Adam {
    void *mean, *square;                    // flat buffers
    const double *rate, *weight_decay, *l1, *l2;  // [P]
    double beta1, beta2, eps, correction1, correction2;  // 1 - beta^steps
    int64_t decoupled;
};
}

namespace {

inline int64_t lines(int64_t width) { return (width + LINE - 1) / LINE * LINE; }

// Scratch of the net at work.
template <class T> struct Room {
    T *slope[2], *matrix, *gradient, *line, *other_line;
    explicit Room(const Step& step) {
        slope[0] = static_cast<T*>(step.scratch);
        slope[1] = slope[0] + BLOCK * step.widest;
        matrix = slope[1] + BLOCK * step.widest;
        gradient = matrix + step.largest;
        line = gradient + step.largest;
        other_line = line + step.widest;
    }
};

// Where one net's share of a layer lies, its outputs from a row of the batch on.
template <class T> struct Place {
    T *weight, *bias, *values;
    int64_t at_weight, at_bias;
    Place(const Step& step, int64_t layer, int64_t member, int64_t row) {
        const Layer& of = step.layers[layer];
        at_weight = of.weight + member * of.weight_room;
        at_bias = of.bias + member * of.bias_room;
        weight = static_cast<T*>(step.parameters) + at_weight;
        bias = static_cast<T*>(step.parameters) + at_bias;
        const int64_t width = layer + 1 < step.depth ? of.outputs_padded : 1;
        values = static_cast<T*>(of.values) + (member * step.rows_padded + row) * width;
    }
};

// Rows of `from` numbers as rows of `to`, the rest zeros; or of fewer.
template <class T> void restride(const T* in, int64_t rows, int64_t from, T* out, int64_t to) {
    const int64_t common = from < to ? from : to;
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t k = 0; k < common; ++k) out[r * to + k] = in[r * from + k];
        for (int64_t k = common; k < to; ++k) out[r * to + k] = 0;
    }
}

template <class T> T total(V<T> value) {
    T sum = value[0];
    for (int k = 1; k < LANES<T>; ++k) sum += value[k];
    return sum;
}

inline int64_t blocks(int64_t rows) { return (rows + BLOCK - 1) / BLOCK; }
inline int64_t block(int64_t rows, int64_t b) { return rows * b / blocks(rows); }

constexpr int64_t FEW = 2;  // outputs behind a hidden layer up to which a column of weights is taken as a vector

// --- forward -------------------------------------------------------------------------------------------------------

// `apart`: from one output of a row to its next.
template <class T>
void few_outputs(const Layer& of, const Place<T>& to, int64_t apart, const T* h, int64_t rows, T* column) {
    const int64_t I = of.inputs_padded, K = of.outputs;
    for (int64_t k = 0; k < K; ++k) {
        for (int64_t i = 0; i < I; ++i) column[i] = to.weight[i * K + k];
        for (int64_t r = 0; r < rows; ++r) {
            V<T> sum = {};
            for (int64_t i = 0; i < I; i += LANES<T>) sum += load<T>(h + r * I + i) * load<T>(column + i);
            to.values[k * apart + r] = total<T>(sum) + to.bias[k];
        }
    }
}

template <class T>
void outputs(const Layer& of, const Place<T>& to, int64_t apart, const T* h, int64_t h_row, int64_t rows, const Room<T>& room) {
    const int64_t K = of.outputs, wide = lines(K);
    const T *weight = to.weight, *bias = to.bias;
    if (wide != of.outputs_padded) {
        restride(weight, of.inputs, K, room.matrix, wide);
        restride(bias, 1, K, room.line, wide);
        weight = room.matrix, bias = room.line;
    }
    product<T>(rows, of.inputs, wide, h, h_row, plain<T>(weight, wide), bias, room.slope[0], [](V<T> sum, int64_t) { return sum; });
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t k = 0; k < K; ++k) to.values[k * apart + r] = room.slope[0][r * wide + k];
}

// `rows` rows of net p from `row` on, the first of which x is.
template <class T, class Activation>
void forward_of(const Step& step, const Room<T>& room, int64_t p, const T* x, int64_t row, int64_t rows) {
    const bool fills_padding = Activation::template value<T>(V<T>{})[0] != 0;
    const T* h = x;
    int64_t h_row = step.layers[0].inputs, l = 0;
    for (; l + 1 < step.depth; ++l) {
        const Layer& of = step.layers[l];
        const Place<T> to(step, l, p, row);
        const int64_t O = of.outputs_padded;
        product<T>(rows, of.inputs, O, h, h_row, plain<T>(to.weight, O), to.bias, to.values,
                   [](V<T> sum, int64_t) { return Activation::template value<T>(sum); });
        if (fills_padding)
            for (int64_t r = 0; r < rows; ++r)
                for (int64_t k = of.outputs; k < O; ++k) to.values[r * O + k] = 0;
        h = to.values, h_row = O;
    }
    const Layer& of = step.layers[l];
    const Place<T> to(step, l, p, row);
    const int64_t apart = step.members * step.rows_padded;
    if (l && of.outputs <= FEW) few_outputs<T>(of, to, apart, h, rows, room.line);
    else outputs<T>(of, to, apart, h, h_row, rows, room);
}

template <class T, class Activation> void forward(const Step& step, const T* x, int64_t x_member, int64_t rows) {
    const Room<T> room(step);
    for (int64_t p = 0; p < step.members; ++p)
        for (int64_t b = 0; b < blocks(rows); ++b) {
            const int64_t row = block(rows, b), count = block(rows, b + 1) - row;
            forward_of<T, Activation>(step, room, p, x + p * x_member + row * step.layers[0].inputs, row, count);
        }
}

// --- backward ------------------------------------------------------------------------------------------------------

// Adam's step of one net, and the proximal step of its l1 penalty (`engine/training/optimizers.py` has its source).
template <class T> struct Update {
    T *parameters, *mean, *square;
    T rate, shrink, decay, keep, l2, rest1, beta2, rest2, eps, root;
    Update(const Step& step, const Adam& of, int64_t p)
        : parameters(static_cast<T*>(step.parameters)), mean(static_cast<T*>(of.mean)), square(static_cast<T*>(of.square)),
          rate(T(of.rate[p] / of.correction1)), shrink(T(of.rate[p] * of.l1[p])), decay(of.decoupled ? T(0) : T(of.weight_decay[p])),
          keep(of.decoupled ? T(1 - of.rate[p] * of.weight_decay[p]) : T(1)), l2(T(of.l2[p])),
          rest1(T(1 - of.beta1)), beta2(T(of.beta2)), rest2(T(1 - of.beta2)), eps(T(of.eps)),
          root(T(1 / std::sqrt(of.correction2))) {}

    // `count` weights (or biases, which no penalty is on) from `at` on, whose gradient is `slope`.
    void operator()(int64_t at, int64_t count, const T* __restrict slope, bool are_weights = true) const {
        if (are_weights && shrink != 0) step<true>(at, count, slope, decay + l2);
        else step<false>(at, count, slope, are_weights ? decay + l2 : decay);
    }

    template <bool SHRINKS> void step(int64_t at, int64_t count, const T* __restrict slope, T pull) const {
        T* __restrict p = parameters + at;
        T* __restrict m = mean + at;
        T* __restrict s = square + at;
        for (int64_t k = 0; k < count; ++k) {
            const T g = slope[k] + pull * p[k];
            m[k] += rest1 * (g - m[k]);
            s[k] = beta2 * s[k] + rest2 * g * g;
            const T divisor = std::sqrt(s[k]) * root + eps;
            T w = p[k] * keep - rate * m[k] / divisor;
            if (SHRINKS) {
                const T threshold = shrink / divisor;
                w -= w < -threshold ? -threshold : w > threshold ? threshold : w;
            }
            p[k] = w;
        }
    }
};

// The gradient alone: its first block of rows is stored, the others are added.
template <class T> struct Gather {
    T* gradient;
    bool is_first;
    void operator()(int64_t at, int64_t count, const T* __restrict slope, bool = true) const {
        T* __restrict g = gradient + at;
        if (is_first) std::memcpy(g, slope, count * sizeof(T));
        else for (int64_t k = 0; k < count; ++k) g[k] += slope[k];
    }
};

// d loss / d the inputs of a layer, times their activation's derivative: next [rows, I].
template <class T, class Activation>
void to_inputs(const Layer& of, const T* weight, const T* g, int64_t g_row, const T* h, int64_t rows, T* next, T* panels) {
    const int64_t I = of.inputs_padded;
    transpose<T>(weight, I, of.outputs, of.outputs_padded, panels);
    product<T>(rows, of.outputs, I, g, g_row, packed<T>(panels, of.outputs), nullptr, next,
               [h](V<T> sum, int64_t at) { return Activation::template slope<T>(sum, load<T>(h + at)); });
}

// d loss / d weights of a layer, its rows handed to `touch` as they are done. g has rows of whole lines.
template <class T, class Touch>
void to_weights(const Layer& of, int64_t place, const T* g, int64_t wide, const T* h, int64_t h_row, int64_t rows, T* room, Touch touch) {
    const int64_t O = of.outputs_padded;
    for (int64_t t = 0; t < tiles(of.inputs); ++t) {
        const int64_t i = cut(of.inputs, t), count = cut(of.inputs, t + 1) - i;
        for (int64_t j = 0; j < wide; j += PANEL<T>)
            tile_of<T>(count, rows, Factors<T>{h + i, 1, h_row}, g + j, wide, static_cast<const T*>(nullptr), room + j, wide,
                       [](V<T> sum, int64_t) { return sum; });
        if (wide != O) restride(room, count, wide, room, O);
        touch(place + i * O, count * O, room);
    }
}

// The same of a last layer with few outputs: a column of weights at a time, as a vector. g has rows of K.
template <class T, class Touch>
void to_few_weights(const Layer& of, int64_t place, const T* g, const T* h, int64_t rows, T* room, T* line, Touch touch) {
    const int64_t I = of.inputs_padded, K = of.outputs;
    for (int64_t k = 0; k < K; ++k) {
        for (int64_t j = 0; j < I; j += PANEL<T>)
            tile<T, 1>(rows, Factors<T>{g + k, 0, K}, h + j, I, static_cast<const T*>(nullptr), line + j, I,
                       [](V<T> sum, int64_t) { return sum; });
        for (int64_t i = 0; i < I; ++i) room[i * K + k] = line[i];
    }
    touch(place, of.inputs * K, room);
}

template <class T> void to_bias(const T* g, int64_t g_row, int64_t width, int64_t rows, T* line) {
    for (int64_t k = 0; k < width; ++k) line[k] = 0;
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t k = 0; k < width; ++k) line[k] += g[r * g_row + k];
}

template <class T, class Activation, class Touch>
void backward_of(const Step& step, const Room<T>& room, int64_t p, const T* x, const T* slope, int64_t apart, int64_t row, int64_t rows, Touch touch) {
    const int64_t K = step.layers[step.depth - 1].outputs;
    const bool few = step.depth > 1 && K <= FEW;
    int64_t g_row = few ? K : lines(K);
    T* const first = room.slope[step.depth % 2];
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t k = 0; k < K; ++k) first[r * g_row + k] = slope[k * apart + r];
        for (int64_t k = K; k < g_row; ++k) first[r * g_row + k] = 0;
    }
    const T* g = first;  // d loss / d a layer's outputs, before their activation
    for (int64_t l = step.depth - 1; l >= 0; --l) {
        const Layer& of = step.layers[l];
        const Place<T> to(step, l, p, row);
        const T* h = l ? Place<T>(step, l - 1, p, row).values : x;
        const int64_t h_row = l ? of.inputs_padded : of.inputs, width = l + 1 < step.depth ? g_row : K;
        T* const next = room.slope[l % 2];
        if (l) to_inputs<T, Activation>(of, to.weight, g, g_row, h, rows, next, room.matrix);
        to_bias(g, g_row, width, rows, room.line);
        touch(to.at_bias, width, room.line, false);
        if (few && l + 1 == step.depth) to_few_weights<T>(of, to.at_weight, g, h, rows, room.gradient, room.other_line, touch);
        else to_weights<T>(of, to.at_weight, g, g_row, h, h_row, rows, room.gradient, touch);
        g = next, g_row = h_row;
    }
}

template <class T, class Activation>
void backward(const Step& step, const T* x, int64_t x_member, const T* slope, int64_t rows, const Adam* adam) {
    const Room<T> room(step);
    const int64_t D = step.layers[0].inputs, apart = step.members * step.rows_padded;
    T* const gradient = static_cast<T*>(step.gradient);
    for (int64_t p = 0; p < step.members; ++p) {
        const T *own_x = x + p * x_member, *own_slope = slope + p * step.rows_padded;
        if (adam && blocks(rows) == 1) {
            backward_of<T, Activation>(step, room, p, own_x, own_slope, apart, 0, rows, Update<T>(step, *adam, p));
            continue;
        }
        for (int64_t b = 0; b < blocks(rows); ++b) {
            const int64_t row = block(rows, b), count = block(rows, b + 1) - row;
            backward_of<T, Activation>(
                step, room, p, own_x + row * D, own_slope + row, apart, row, count, Gather<T>{gradient, b == 0});
        }
        if (!adam) continue;
        const Update<T> update(step, *adam, p);
        for (int64_t l = 0; l < step.depth; ++l) {
            const Layer& of = step.layers[l];
            const Place<T> to(step, l, p, 0);
            update(to.at_weight, of.inputs * of.outputs_padded, gradient + to.at_weight);
            update(to.at_bias, of.outputs, gradient + to.at_bias, false);
        }
    }
}

}  // namespace

// ACTIVATION, as Python names it, and NUMBER are the compiler's arguments.
extern "C" void lossbench_forward(const Step* step, const NUMBER* x, int64_t x_member, int64_t rows) {
    forward<NUMBER, activations::ACTIVATION>(*step, x, x_member, rows);
}
extern "C" void lossbench_backward(
    const Step* step, const NUMBER* x, int64_t x_member, const NUMBER* slope, int64_t rows, const Adam* adam) {
    backward<NUMBER, activations::ACTIVATION>(*step, x, x_member, slope, rows, adam);
}
