//! The forward pass of the built-in model over a batch of texts.
//!
//! The tokens of all texts of a batch lie one after the other, so that each matrix is read once per batch. Texts never
//! influence each other: windows do not reach into a neighbour and every text is quantised by itself.

use super::layers::{add_bias, layer_norm, normalize, positive, quantize, residual};
use super::matrix::{Matrix, Pair, Rows, pair};
use super::tokenizer::Tokenizer;
use super::weights::{BRANCH, Branch, DIMENSIONS, FEATURES, Weights};

/// Tokens that go through the layers together. Enough to use each piece of a matrix many times while it is in the cache,
/// few enough that the activations stay there too.
const BATCH_TOKENS: usize = 256;
/// Rows of zeros before, between and after texts, so that no window of a convolution sees a neighbour.
const GAP: usize = 2;
const FEATURE_PAIRS: usize = FEATURES / 2;

/// One text in a batch.
#[derive(Clone, Copy)]
struct Span {
    /// Index of its first token.
    first: usize,
    tokens: usize,
}

/// Integers for the next multiplication: the rows, where each starts and what its units are worth.
#[derive(Default)]
struct Quantized {
    pairs: Vec<Pair>,
    starts: Vec<usize>,
    scales: Vec<f32>,
}

/// Embeds texts on one thread; keeps its buffers from batch to batch.
pub(super) struct Forward<'a> {
    weights: &'a Weights,
    tokenizer: Tokenizer<'a>,
    tokens: Vec<u32>,
    spans: Vec<Span>,
    /// Per token, as looked up.
    embeddings: Vec<f32>,
    quantized_embeddings: Quantized,
    /// Per token, in the branch that is being computed.
    states: Vec<f32>,
    products: Vec<f32>,
    quantized: Quantized,
    /// Per token: its embedding and the output of the three branches.
    features: Vec<f32>,
}

impl<'a> Forward<'a> {
    pub(super) fn new(weights: &'a Weights) -> Self {
        Self {
            weights,
            tokenizer: Tokenizer::new(weights),
            tokens: Vec::new(),
            spans: Vec::new(),
            embeddings: Vec::new(),
            quantized_embeddings: Quantized::default(),
            states: Vec::new(),
            products: Vec::new(),
            quantized: Quantized::default(),
            features: Vec::new(),
        }
    }

    /// The vectors of `texts`, in order.
    pub(super) fn embed(&mut self, texts: &[&str]) -> Vec<Vec<f32>> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut rest = texts.iter().peekable();
        while let Some(text) = rest.next() {
            let first = self.tokens.len();
            self.tokenizer.tokenize(text, &mut self.tokens);
            self.spans.push(Span { first, tokens: self.tokens.len() - first });
            if self.tokens.len() >= BATCH_TOKENS || rest.peek().is_none() {
                vectors.extend(self.run().chunks_exact(DIMENSIONS).map(<[f32]>::to_vec));
                self.tokens.clear();
                self.spans.clear();
            }
        }
        vectors
    }

    fn run(&mut self) -> Vec<f32> {
        let weights = self.weights;
        self.look_up();
        self.features.resize(self.tokens.len() * FEATURES, 0.0);
        copy_columns(&self.embeddings, DIMENSIONS, &mut self.features, 0);
        for (index, branch) in weights.branches.iter().enumerate() {
            self.branch(branch);
            copy_columns(&self.states, BRANCH, &mut self.features, DIMENSIONS + index * BRANCH);
        }
        layer_norm(&mut self.features, &weights.head.features_norm);
        let sums = self.sum();
        self.head(&sums)
    }

    /// Fills the embeddings of the tokens.
    fn look_up(&mut self) {
        self.embeddings.resize(self.tokens.len() * DIMENSIONS, 0.0);
        for (row, &token) in self.embeddings.chunks_exact_mut(DIMENSIONS).zip(&self.tokens) {
            self.weights.unpack_row(token, row);
        }
        self.quantized_embeddings.windows(
            &self.embeddings,
            DIMENSIONS,
            &self.spans,
            Window { gap: 0, left: 0 },
        );
    }

    /// Computes the states of all tokens in one branch.
    fn branch(&mut self, branch: &Branch) {
        self.states.resize(self.tokens.len() * BRANCH, 0.0);
        self.products.resize(self.tokens.len() * BRANCH, 0.0);
        branch.projection.multiply(self.quantized_embeddings.rows(), &mut self.states);
        add_bias(&mut self.states, &branch.projection_bias);
        layer_norm(&mut self.states, &branch.norm);
        for (matrix, bias) in &branch.convolutions {
            self.quantized.windows(&self.states, BRANCH, &self.spans, Window { gap: GAP, left: branch.left });
            matrix.multiply(self.quantized.rows(), &mut self.products);
            residual(&mut self.products, bias, &self.states);
            std::mem::swap(&mut self.products, &mut self.states);
        }
    }

    /// The features of each text, summed over its tokens, multiplied and divided by the root of their number.
    ///
    /// The sum comes before the multiplication, which is the same and needs one row per text instead of one per token.
    /// It does not fit into 16 bits, so its high and its low bytes are multiplied as two rows.
    fn sum(&mut self) -> Vec<f32> {
        let head = &self.weights.head;
        let mut rows = Quantized::default();
        let mut whole = vec![[0_i32; 2]; FEATURE_PAIRS];
        for span in &self.spans {
            let values = span.slice(&self.features, FEATURES);
            self.quantized.pairs.resize(span.tokens * FEATURE_PAIRS, 0);
            let unit = quantize(values, &mut self.quantized.pairs);
            whole.fill([0; 2]);
            for row in self.quantized.pairs.chunks_exact(FEATURE_PAIRS) {
                for ([first, second], &pair) in whole.iter_mut().zip(row) {
                    *first += (pair << 16) >> 16;
                    *second += pair >> 16;
                }
            }
            rows.push(256.0 * unit, whole.iter().map(|[first, second]| pair(first >> 8, second >> 8)));
            rows.push(unit, whole.iter().map(|[first, second]| pair(first & 0xff, second & 0xff)));
        }
        let mut sums = vec![0.0; 2 * self.spans.len() * DIMENSIONS];
        head.sum.multiply(rows.rows(), &mut sums);

        let mut texts = Vec::with_capacity(self.spans.len() * DIMENSIONS);
        for (halves, span) in sums.chunks_exact(2 * DIMENSIONS).zip(&self.spans) {
            #[expect(clippy::cast_precision_loss, reason = "a text has at most 512 tokens")]
            let tokens = span.tokens as f32;
            let (high, low) = halves.split_at(DIMENSIONS);
            let values = high.iter().zip(low).zip(&head.sum_bias);
            texts.extend(values.map(|((high, low), bias)| (high + low + tokens * bias) / tokens.sqrt()));
        }
        texts
    }

    /// From the sums of the texts to their vectors.
    fn head(&self, sums: &[f32]) -> Vec<f32> {
        let head = &self.weights.head;
        let [first, second] = &head.hidden;
        let [third, fourth] = &head.output;
        let hidden = relu(dense(sums, first));
        let hidden = relu(add(dense(&hidden, second), &dense(sums, &head.hidden_shortcut)));
        let wide = relu(dense(&hidden, third));
        let mut out = add(dense(&wide, fourth), &dense(&hidden, &head.output_shortcut));
        for vector in out.chunks_exact_mut(DIMENSIONS) {
            for value in vector.iter_mut() {
                *value = value.tanh();
            }
            normalize(vector);
        }
        out
    }
}

impl Span {
    /// The numbers of this text among those of the batch, `width` per token.
    fn slice<'v>(&self, values: &'v [f32], width: usize) -> &'v [f32] {
        values.get(self.first * width..(self.first + self.tokens) * width).unwrap_or_default()
    }
}

/// How the rows of a multiplication lie: `left` tokens before their own, with `gap` rows of zeros around each text.
#[derive(Clone, Copy)]
struct Window {
    gap: usize,
    left: usize,
}

impl Quantized {
    /// Quantises the states of each text by itself and lays out one row per token.
    fn windows(&mut self, values: &[f32], width: usize, spans: &[Span], window: Window) {
        let pairs = width / 2;
        let tokens = values.len() / width;
        self.pairs.clear();
        self.pairs.resize((tokens + window.gap * (spans.len() + 1)) * pairs, 0);
        self.starts.clear();
        self.scales.clear();
        for (index, span) in spans.iter().enumerate() {
            let first = span.first + window.gap * (index + 1);
            let out = self.pairs.get_mut(first * pairs..(first + span.tokens) * pairs).unwrap_or_default();
            let unit = quantize(span.slice(values, width), out);
            self.starts.extend((first..first + span.tokens).map(|row| (row - window.left) * pairs));
            self.scales.resize(self.starts.len(), unit);
        }
    }

    fn push(&mut self, unit: f32, row: impl Iterator<Item = Pair>) {
        self.starts.push(self.pairs.len());
        self.scales.push(unit);
        self.pairs.extend(row);
    }

    fn rows(&self) -> Rows<'_> {
        Rows { pairs: &self.pairs, starts: &self.starts, scales: &self.scales }
    }
}

/// Multiplies each text by a matrix of the head.
fn dense(texts: &[f32], matrix: &Matrix) -> Vec<f32> {
    let mut input = Quantized::default();
    let mut pairs = vec![0; matrix.rows() / 2];
    for text in texts.chunks_exact(matrix.rows()) {
        let unit = quantize(text, &mut pairs);
        input.push(unit, pairs.iter().copied());
    }
    let mut out = vec![0.0; input.starts.len() * matrix.columns()];
    matrix.multiply(input.rows(), &mut out);
    out
}

fn relu(mut values: Vec<f32>) -> Vec<f32> {
    for value in &mut values {
        *value = positive(*value);
    }
    values
}

fn add(mut values: Vec<f32>, others: &[f32]) -> Vec<f32> {
    for (value, other) in values.iter_mut().zip(others) {
        *value += other;
    }
    values
}

/// Copies the rows of `from`, `width` wide, into the columns of the features that start at `column`.
fn copy_columns(from: &[f32], width: usize, features: &mut [f32], column: usize) {
    for (from, to) in from.chunks_exact(width).zip(features.chunks_exact_mut(FEATURES)) {
        if let Some(to) = to.get_mut(column..column + width) {
            to.copy_from_slice(from);
        }
    }
}
