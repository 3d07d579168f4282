//! Puts letters into lines.
//!
//! The drawing order is trusted from line to line, because programs write columns and cells one after the other;
//! within a line the places decide where words end.

use std::collections::HashSet;

use super::glyphs::PlacedGlyph;

/// A gap wider than this part of the font size parts two words. Letter-spacing stays below, a narrow space above.
const WORD_GAP: f64 = 0.17;
/// A gap wider than this many font sizes parts two cells of a table.
const CELL_GAP: f64 = 1.6;
/// Letters whose baselines differ by less than this part of the font size are on one line: indices, exponents.
const SAME_LINE: f64 = 0.45;
/// A letter may step back by this part of the font size: kerning, accents drawn over their letter.
const STEP_BACK: f64 = 0.9;

/// The shadow of a letter is within this part of the font size.
const SHADOW: f64 = 0.08;

/// A piece of text on one baseline.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) angle: i16,
    /// Where it begins and ends along the baseline, in points.
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) height: f64,
    /// The font size of most of its letters.
    pub(super) size: f64,
    /// How many letters speak for `size`.
    pub(super) votes: usize,
    /// How many wide gaps it has, as the rows of a table do.
    pub(super) gaps: usize,
}

/// The lines of a page in drawing order.
pub(super) fn join(glyphs: &[PlacedGlyph]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut drawn = Drawn::default();
    let mut line: Option<Line> = None;
    for glyph in glyphs {
        // Programs draw a letter twice to make it bold or to give it a shadow.
        if !glyph.text.trim().is_empty() && drawn.is_shadow(glyph) {
            continue;
        }
        match &mut line {
            Some(line) if belongs(line, glyph) => append(line, glyph),
            _ => {
                lines.extend(line.take());
                line = Some(begin(glyph));
            }
        }
    }
    lines.extend(line);
    lines.retain(|line| !line.text.trim().is_empty());
    join_rows(lines)
}

/// Pieces that follow each other on one baseline are one line: the cells of a row, drawn one by one.
fn join_rows(pieces: Vec<Line>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(last)
                if last.angle == piece.angle
                    && (last.height - piece.height).abs() < SAME_LINE * last.size.min(piece.size)
                    && piece.start >= last.end =>
            {
                last.gaps += piece.gaps + usize::from(piece.start - last.end > CELL_GAP * last.size);
                last.text = format!("{} {}", last.text.trim_end(), piece.text.trim_start());
                last.end = piece.end;
            }
            _ => lines.push(piece),
        }
    }
    lines
}

fn belongs(line: &Line, glyph: &PlacedGlyph) -> bool {
    let size = line.size.max(glyph.size);
    line.angle == glyph.angle
        && (line.height - glyph.height).abs() < SAME_LINE * size
        && glyph.start > line.end - STEP_BACK * size
        && glyph.start < line.end + 40.0 * size
}

fn append(line: &mut Line, glyph: &PlacedGlyph) {
    let gap = glyph.start - line.end;
    let size = line.size.min(glyph.size);
    if gap > CELL_GAP * size && !line.text.trim().is_empty() && !glyph.text.trim().is_empty() {
        line.gaps += 1;
    }
    if gap > WORD_GAP * size && !line.text.ends_with(' ') {
        line.text.push(' ');
    }
    line.text.push_str(&glyph.text);
    if glyph.text.trim().is_empty() {
        // A space is as wide as its font says; justified text moves the next letter anyway.
        line.end = line.end.max(glyph.start);
    } else {
        line.end = glyph.end;
        vote(line, glyph.size);
    }
}

/// Keeps the size that most letters have (Boyer and Moore's majority vote): an exponent does not decide.
fn vote(line: &mut Line, size: f64) {
    if (line.size - size).abs() < 0.05 * line.size {
        line.votes += 1;
    } else if line.votes > 0 {
        line.votes -= 1;
    } else {
        line.size = size;
        line.votes = 1;
    }
}

fn begin(glyph: &PlacedGlyph) -> Line {
    Line {
        text: glyph.text.clone(),
        angle: glyph.angle,
        start: glyph.start,
        end: if glyph.text.trim().is_empty() { glyph.start } else { glyph.end },
        height: glyph.height,
        size: glyph.size,
        votes: usize::from(!glyph.text.trim().is_empty()),
        gaps: 0,
    }
}

/// The letters already drawn, by where they are on a grid of a part of their size.
#[derive(Default)]
struct Drawn(HashSet<(String, i16, i64, i64)>);

impl Drawn {
    /// Notes a letter and says whether the same one was drawn within a hair of it.
    fn is_shadow(&mut self, glyph: &PlacedGlyph) -> bool {
        let step = (glyph.size * SHADOW).max(0.1);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "places on a page are small; a huge one only saturates"
        )]
        let cell = |place: f64| (place / step).round() as i64;
        let (across, up) = (cell(glyph.start), cell(glyph.height));
        let mut key = (glyph.text.clone(), glyph.angle, across, up);
        for (right, above) in [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)] {
            (key.2, key.3) = (across.saturating_add(right), up.saturating_add(above));
            if self.0.contains(&key) {
                return true;
            }
        }
        (key.2, key.3) = (across, up);
        self.0.insert(key);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(text: &str, start: f64, height: f64) -> Vec<PlacedGlyph> {
        let place = |(i, c): (u16, char)| {
            let start = start + 5.0 * f64::from(i);
            PlacedGlyph { text: c.to_string(), angle: 0, start, end: start + 5.0, height, size: 10.0 }
        };
        (0..).zip(text.chars()).filter(|(_, c)| *c != '_').map(place).collect()
    }

    fn texts(glyphs: &[PlacedGlyph]) -> Vec<(String, usize)> {
        join(glyphs).into_iter().map(|line| (line.text, line.gaps)).collect()
    }

    #[test]
    fn gaps_make_words_and_cells() {
        let glyphs =
            [draw("Limpieza_facial", 0.0, 100.0), draw("60_min", 200.0, 100.0), draw("abajo", 0.0, 80.0)];
        assert_eq!(
            texts(&glyphs.concat()),
            [("Limpieza facial 60 min".to_owned(), 1), ("abajo".to_owned(), 0)]
        );
    }

    #[test]
    fn a_letter_drawn_twice_is_read_once() {
        let glyphs = [draw("Oferta", 0.0, 100.0), draw("Oferta", 0.2, 100.1)];
        assert_eq!(texts(&glyphs.concat()), [("Oferta".to_owned(), 0)]);
    }

    #[test]
    fn an_exponent_stays_on_its_line() {
        let mut glyphs = draw("25m", 0.0, 100.0);
        glyphs.extend(draw("2", 15.0, 103.5).into_iter().map(|glyph| PlacedGlyph { size: 6.0, ..glyph }));
        assert_eq!(texts(&glyphs), [("25m2".to_owned(), 0)]);
    }
}
