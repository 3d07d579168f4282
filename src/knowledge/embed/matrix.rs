//! Multiplication by the int8 matrices of the built-in model, in integers.
//!
//! Nearly all the time of an embedding is spent here, so this is the one place that chooses instructions: AVX2 when the
//! processor has it (found out at run time, since the binary is built for any x86-64), portable code elsewhere. The
//! intrinsics come from `pulp`, which ties each to a proof that the processor knows it, so none of this is unsafe. Both
//! paths give the same integers.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the instructions of the function it is inlined into"
)]

use pulp::NullaryFnOnce;

/// Columns per panel of a stored matrix.
const PANEL: usize = 16;
/// Rows that are multiplied together; with two accumulators each they fill the sixteen registers of AVX2.
const TILE: usize = 6;

/// Two neighbouring rows of a panel: the pairs of sixteen columns.
type PanelStep = [[i8; PANEL]; 2];

/// A matrix in panels of sixteen columns with two rows interleaved, and what its integers are worth.
pub(super) struct Matrix {
    panels: &'static [[i8; PANEL]],
    rows: usize,
    columns: usize,
    scale: f32,
}

/// Activations as 16-bit integers, two in each number, with the worth of one unit given per row elsewhere.
pub(super) type Pair = i32;

/// Puts two activations into one number: `first` in the low half.
#[inline(always)]
pub(super) const fn pair(first: i32, second: i32) -> Pair {
    (first & 0xffff) | (second << 16)
}

/// Rows to multiply: row `i` is the pairs from `starts[i]` on. Rows may overlap, as the windows of a convolution do.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) pairs: &'a [Pair],
    pub(super) starts: &'a [usize],
    /// What one unit of each row is worth.
    pub(super) scales: &'a [f32],
}

impl Matrix {
    /// Wraps the panels of a matrix of `rows` x `columns`; columns come in sixteens and rows in twos.
    pub(super) fn new(panels: &'static [u8], rows: usize, columns: usize, scale: f32) -> Self {
        Self { panels: bytemuck::cast_slice::<u8, i8>(panels).as_chunks().0, rows, columns, scale }
    }

    /// Numbers in a row of the input.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers in a row of the product.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Writes `input` x `self` to `out`, row after row; rows that do not fit are left out.
    pub(super) fn multiply(&self, input: Rows<'_>, out: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            simd.vectorize(Product { matrix: self, input, out, tiles: Avx2(simd) });
            return;
        }
        Product { matrix: self, input, out, tiles: Portable }.call();
    }
}

/// The inner loop: `R` rows by one panel.
trait Tiles: Copy {
    fn tile<const R: usize>(self, rows: [&[Pair]; R], panel: &[PanelStep]) -> [[i32; PANEL]; R];
}

#[derive(Clone, Copy)]
struct Portable;

impl Tiles for Portable {
    #[inline(always)]
    fn tile<const R: usize>(self, rows: [&[Pair]; R], panel: &[PanelStep]) -> [[i32; PANEL]; R] {
        let mut sums = [[0; PANEL]; R];
        for (row, sums) in rows.iter().zip(&mut sums) {
            for (&pair, step) in row.iter().zip(panel) {
                let (low, high) = (i32::from(pair as i16), pair >> 16);
                for (sum, &[first, second]) in sums.iter_mut().zip(step.as_flattened().as_chunks::<2>().0) {
                    *sum += low * i32::from(first) + high * i32::from(second);
                }
            }
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2(pulp::x86::V3);

#[cfg(target_arch = "x86_64")]
impl Tiles for Avx2 {
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "all rows are cut to the length of the panel first")]
    fn tile<const R: usize>(self, rows: [&[Pair]; R], panel: &[PanelStep]) -> [[i32; PANEL]; R] {
        let Self(simd) = self;
        let widen = |columns: [i8; PANEL]| simd.avx2._mm256_cvtepi8_epi16(bytemuck::must_cast(columns));
        let rows = rows.map(|row| &row[..panel.len()]);
        let mut sums = [[simd.avx._mm256_setzero_si256(); 2]; R];
        for (index, &[left, right]) in panel.iter().enumerate() {
            let (left, right) = (widen(left), widen(right));
            for (row, sums) in rows.iter().zip(&mut sums) {
                let pair = simd.avx._mm256_set1_epi32(row[index]);
                sums[0] = simd.avx2._mm256_add_epi32(sums[0], simd.avx2._mm256_madd_epi16(pair, left));
                sums[1] = simd.avx2._mm256_add_epi32(sums[1], simd.avx2._mm256_madd_epi16(pair, right));
            }
        }
        sums.map(bytemuck::must_cast)
    }
}

/// One multiplication, as a value so that `pulp` can compile it for the instructions of `tiles`.
struct Product<'a, T> {
    matrix: &'a Matrix,
    input: Rows<'a>,
    out: &'a mut [f32],
    tiles: T,
}

impl<T: Tiles> NullaryFnOnce for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { matrix, input, out, tiles } = self;
        let pairs = matrix.rows / 2;
        // The panel outside: it stays in the nearest cache while all the rows pass by.
        for (panel, steps) in matrix.panels.chunks_exact(matrix.rows).enumerate() {
            let steps = steps.as_chunks::<2>().0;
            let groups = input.starts.chunks(TILE).zip(input.scales.chunks(TILE));
            for ((starts, scales), out) in groups.zip(out.chunks_mut(TILE * matrix.columns)) {
                let place = Place { columns: matrix.columns, first: panel * PANEL, scale: matrix.scale };
                match *starts {
                    [a, b, c, d, e, f] => {
                        place.write(tiles, [a, b, c, d, e, f], input.pairs, steps, scales, out)
                    }
                    [a, b, c, d, e] => place.write(tiles, [a, b, c, d, e], input.pairs, steps, scales, out),
                    [a, b, c, d] => place.write(tiles, [a, b, c, d], input.pairs, steps, scales, out),
                    [a, b, c] => place.write(tiles, [a, b, c], input.pairs, steps, scales, out),
                    [a, b] => place.write(tiles, [a, b], input.pairs, steps, scales, out),
                    [a] => place.write(tiles, [a], input.pairs, steps, scales, out),
                    _ => {}
                }
            }
            debug_assert_eq!(steps.len(), pairs, "a panel has two steps per pair of rows");
        }
    }
}

/// Where the product of a tile goes.
struct Place {
    columns: usize,
    first: usize,
    scale: f32,
}

impl Place {
    #[inline(always)]
    fn write<T: Tiles, const R: usize>(
        &self,
        tiles: T,
        starts: [usize; R],
        pairs: &[Pair],
        steps: &[PanelStep],
        scales: &[f32],
        out: &mut [f32],
    ) {
        let rows = starts.map(|start| pairs.get(start..start + steps.len()).unwrap_or_default());
        if rows.iter().any(|row| row.len() != steps.len()) {
            return;
        }
        let sums = tiles.tile(rows, steps);
        for ((sums, scale), out) in sums.iter().zip(scales).zip(out.chunks_mut(self.columns)) {
            let scale = scale * self.scale;
            let out = out.get_mut(self.first..).unwrap_or_default();
            for (out, &sum) in out.iter_mut().zip(sums) {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "the sums are rounded like any product of floats"
                )]
                {
                    *out = sum as f32 * scale;
                }
            }
        }
    }
}
