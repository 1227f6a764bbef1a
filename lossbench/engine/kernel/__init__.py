"""The compiled kernel: a training's products and Adam's step in C++, some two times as fast as torch's calls.

Why it is faster. A net of four layers of 64 is trained by products of 32 x 64 x 64 numbers, which take some
microseconds. Three things cost as much beside them in torch: a call for each operation, matrices that go to memory and
back between two operations, and products so small that a library made for large ones does not fill the processor. The
kernel is called twice a step, and takes one net after another, so that what one operation writes is in the nearest
cache when the next one reads it.

What it does. `step.cpp` has two functions, which work on the very buffers of `nets.mlp.Population` (weights `[P, I, O]`
in one flat buffer, widths in whole lines of 16 numbers) and of the optimiser:

- forward: the outputs of every layer, for the rows of a batch that count; the activation is applied to sums that are
  still in registers.
- backward, from d loss / d outputs: last layer to first, first the slope of the layer's inputs (by the weights as they
  were), then the gradient of its weights, some rows at a time. Adam takes each of these rows at once, with weight decay
  and the l2 and l1 penalties of its net. For other optimisers the gradient is written, and torch makes the step.

The loss stands between the two and is torch's: autograd from the outputs through last activation and loss, as ever
(`engine.objective`). So any loss works with either kernel; one that takes the last hidden layer reads it in the
kernel's own buffers. Outputs and slopes lie one output after another, `[K, P, B]`, as torch's loops go through them
fastest; the kernel takes a net's own into rows.

How a product is made (`products.h`). Sums of some rows by two vectors of columns fill the registers (`tile`); for each
k, two vectors of the right matrix and a number of each row of the left are multiplied and added. Products of a sum are
always added in the order of k, so a number depends neither on the tile that it is in nor on other nets: what
`engine.padding` must take care of with torch holds here by construction. The vectors are the compiler's
(`vector_size`), of the width that the processor has, so no instruction is named. Weights are transposed, for the slope
of the inputs, into panels of two vectors' width. A last layer of one or two outputs is taken column by column: its rows
are shorter than a vector. Batches of more than 128 rows are taken in blocks, whose gradients are added.

Where it comes from. `build.py` calls the compiler that is there, once for each hidden activation and type of numbers,
and keeps the library in the user's cache under a key of all that it depends on. It is called by ctypes (`binding.py`),
which releases the interpreter's lock, so chunks train on threads as with torch.

Which kernel was used changes the last bits of a training. So it is a choice of the config (`choice.py`), part of the
keys of trainings and comparisons, and written into the record. Torch's path is the fallback, and the oracle of the
tests. It is also what evaluates nets, in training and later: outputs of given weights do not depend on the kernel.
"""
