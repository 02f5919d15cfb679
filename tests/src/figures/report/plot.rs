//! The figures as a drawing.

use std::error::Error;

use plotters::coord::ranged1d::{IntoSegmentedCoord, SegmentValue};
use plotters::prelude::*;

use super::super::{Case, Figures};
use super::Row;

const WIDTH: u32 = 1200;
const PANEL_HEIGHT: u32 = 420;

/// A panel for each case that was measured, with a bar for each contestant: the longer the better
/// in streams, the shorter the better in round trips and wake-ups. The axes are logarithmic.
///
/// # Errors
///
/// When it cannot be drawn.
pub fn svg(figures: &Figures) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let panels: Vec<_> = Case::ALL.into_iter().map(|case| (case, bars(figures, case))).collect();
    let panels: Vec<_> = panels.into_iter().filter(|(_, bars)| !bars.is_empty()).collect();
    let rows = panels.len().div_ceil(2).max(1);
    {
        let size = (WIDTH, PANEL_HEIGHT * rows as u32);
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&WHITE)?;
        for ((case, bars), panel) in panels.iter().zip(area.split_evenly((rows, 2))) {
            draw(&panel, *case, bars)?;
        }
        area.present()?;
    }
    Ok(text)
}

/// What a bar stands for.
struct Bar {
    title: String,
    figure: f64,
    is_ring: bool,
}

fn bars(figures: &Figures, case: Case) -> Vec<Bar> {
    let bar = |row: &Row| {
        let figure = case.figure(row.ns(figures, case)?);
        Some(Bar { title: row.title(), figure, is_ring: row.contestant.is_ring })
    };
    Row::all(figures).iter().filter_map(bar).collect()
}

type Panel<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(panel: &Panel, case: Case, bars: &[Bar]) -> Result<(), Box<dyn Error>> {
    let figures = || bars.iter().map(|bar| bar.figure);
    let (least, most) = (figures().fold(f64::MAX, f64::min), figures().fold(0.0, f64::max));
    // The first one on top.
    let last = bars.len() - 1;
    let range = least / 2.0..most * 2.0;
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{}, {}", case.title(), case.unit()), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(240)
        .build_cartesian_2d(range.log_scale(), (0..last.max(1)).into_segmented())?;
    let title = |value: &SegmentValue<usize>| match value {
        SegmentValue::CenterOf(row) if *row <= last => bars[last - row].title.clone(),
        _ => String::new(),
    };
    let mesh = &mut chart.configure_mesh();
    mesh.disable_y_mesh().y_labels(bars.len()).y_label_formatter(&title);
    mesh.x_label_formatter(&|value| super::shown(*value)).draw()?;
    let rectangle = |(row, bar): (usize, &Bar)| {
        let color =
            if bar.is_ring { RGBColor(0x1f, 0x77, 0xb4) } else { RGBColor(0xb0, 0xb0, 0xb0) };
        let row = last - row;
        let (from, to) = (SegmentValue::Exact(row), SegmentValue::Exact(row + 1));
        let mut shape = Rectangle::new([(least / 2.0, from), (bar.figure, to)], color.filled());
        shape.set_margin(2, 2, 0, 0);
        shape
    };
    chart.draw_series(bars.iter().enumerate().map(rectangle))?;
    let number = |(row, bar): (usize, &Bar)| {
        let at = (bar.figure, SegmentValue::CenterOf(last - row));
        let style = ("sans-serif", 11).into_font();
        EmptyElement::at(at) + Text::new(super::shown(bar.figure), (4, -5), style)
    };
    chart.draw_series(bars.iter().enumerate().map(number))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::svg;
    use crate::figures::{Entry, Figures};

    #[test]
    fn every_contestant_has_its_bar() {
        let series = Entry::all().into_iter().map(|entry| (entry, vec![100.0, 200.0, 300.0]));
        let figures = Figures { series: series.collect(), ..Figures::default() };
        let text = svg(&figures).expect("a drawing");
        for (entry, _) in &figures.series {
            let title = entry.contestant.title.replace('\'', "&apos;");
            assert!(text.contains(&title), "{title}");
        }
    }
}
