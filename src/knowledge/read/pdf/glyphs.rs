//! Collects the letters of a page with their places, in the order in which the page draws them.

use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
    font::{Glyph, GlyphRun},
    hayro_cmap::BfString,
    kurbo::{BezPath, Point},
};

/// Glyph space has this many units to the em.
const UNITS_PER_EM: f64 = 1000.0;
/// The width taken for a glyph whose font does not tell it, in glyph units: about that of an `o`.
const USUAL_ADVANCE: f64 = 500.0;

/// What a page draws as text.
#[derive(Debug, Default)]
pub(super) struct GlyphCollector {
    /// The letters in drawing order.
    pub(super) glyphs: Vec<PlacedGlyph>,
    /// How many glyphs had no letter.
    pub(super) unknown: usize,
}

/// A letter in page space, which may be rotated.
#[derive(Debug, Clone)]
pub(super) struct PlacedGlyph {
    /// Usually one letter; ligatures have more.
    pub(super) text: String,
    /// Direction of the baseline in whole degrees.
    pub(super) angle: i16,
    /// Where it begins along the baseline, in points.
    pub(super) start: f64,
    /// Where the next letter is expected.
    pub(super) end: f64,
    /// Height of the baseline above the origin, across the baseline.
    pub(super) height: f64,
    /// The size of the font in points.
    pub(super) size: f64,
}

impl GlyphCollector {
    fn add(&mut self, glyph: &Glyph<'_>, transform: hayro_interpret::kurbo::Affine) {
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => c.to_string(),
            Some(BfString::String(text)) => text,
            None => String::new(),
        };
        if text.is_empty() || text.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            self.unknown += 1;
            return;
        }
        let advance = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            Glyph::Type3(glyph) => glyph.advance_width(),
        };
        let origin = transform * Point::ZERO;
        let along = transform * Point::new(UNITS_PER_EM, 0.0) - origin;
        let up = transform * Point::new(0.0, UNITS_PER_EM) - origin;
        let length = along.hypot();
        if !(length.is_finite() && length > 0.0 && origin.x.is_finite() && origin.y.is_finite()) {
            return;
        }
        let direction = along / length;
        let start = origin.x * direction.x + origin.y * direction.y;
        let height = origin.y * direction.x - origin.x * direction.y;
        let width = advance.map_or(USUAL_ADVANCE, f64::from) / UNITS_PER_EM * length;
        #[expect(clippy::cast_possible_truncation, reason = "whole degrees between -180 and 180")]
        let angle = direction.y.atan2(direction.x).to_degrees().round() as i16;
        self.glyphs.push(PlacedGlyph { text, angle, start, end: start + width, height, size: up.hypot() });
    }
}

impl<'a> Device<'a> for GlyphCollector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            self.add(glyph, props.transform * glyph.transform());
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
