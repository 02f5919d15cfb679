//! Draws byte maps as one SVG: for a README, a wiki or a slide.

use std::fmt::Display;

use super::Shown;
use super::map::{Kind, Map, Part};
use super::markup::Markup;
use super::rows::{Cell, ROW, Row};
use crate::layout::Layout;

/// Sizes in pixels.
const BYTE: u64 = 88;
const HEIGHT: u64 = 34;
const GUTTER: u64 = 56;
const MARGIN: u64 = 12;
const TITLE: u64 = 34;
const BAND: u64 = 26;
const CHARACTER: u64 = 8;

/// Colours follow those of the reader, where the picture is shown by a browser.
const STYLE: &str = include_str!("picture.css");

pub(crate) fn print(layout: &Layout, shown: &Shown) -> String {
    let maps = maps(layout, shown);
    let width = GUTTER + ROW * BYTE + 2 * MARGIN;
    let height = MARGIN + maps.iter().map(|(_, map)| height(map)).sum::<u64>();
    let (major, minor) = layout.version;
    let mut svg = Markup::default();
    let attributes: &[(&str, &dyn Display)] = &[
        ("xmlns", &"http://www.w3.org/2000/svg"),
        ("width", &width),
        ("height", &height),
        ("viewBox", &format_args!("0 0 {width} {height}")),
        ("role", &"img"),
        ("aria-labelledby", &"title description"),
    ];
    svg.open("svg", attributes);
    svg.line();
    let title = format!("Byte maps of {} {major}.{minor}", layout.name);
    svg.element("title", &[("id", &"title")], title);
    svg.line();
    svg.element("desc", &[("id", &"description")], description(&maps));
    svg.line();
    svg.open("style", &[]);
    svg.raw("\n");
    svg.raw(STYLE);
    svg.close("style");
    svg.line();
    let page: &[(&str, &dyn Display)] =
        &[("class", &"page"), ("width", &width), ("height", &height)];
    svg.empty("rect", page);
    svg.line();
    let mut top = MARGIN;
    for (title, map) in &maps {
        draw(&mut svg, title, map, top);
        top += self::height(map);
    }
    svg.close("svg");
    svg.line();
    svg.finish()
}

fn maps<'a>(layout: &'a Layout, shown: &Shown) -> Vec<(String, Map<'a>)> {
    let mut maps = Vec::new();
    let title = |map: &Map, size| format!("{}, {size} bytes", map.name);
    if shown.ring_header() {
        let map = Map::of_ring(layout);
        maps.push((title(&map, layout.ring_header.size), map));
    }
    if shown.message_header() {
        let map = Map::of_message(layout);
        maps.push((title(&map, layout.message_header.size), map));
    }
    for item in layout.structs.iter().filter(|item| shown.has(&item.name)) {
        let map = Map::of_struct(layout, item);
        let more = if item.tail.is_some() { " and the tail" } else { "" };
        maps.push((format!("{}{more}", title(&map, item.size)), map));
    }
    maps
}

/// The maps in words: every part with its place.
fn description(maps: &[(String, Map)]) -> String {
    let part = |part: &Part| match part.size {
        Some(size) => format!("{} at {}, {size} bytes", part.name, part.offset),
        None => format!("{} from {} to the end", part.name, part.offset),
    };
    let map = |(title, map): &(String, Map)| {
        let parts: Vec<_> = map.parts.iter().map(part).collect();
        format!("{title}: {}.", parts.join("; "))
    };
    maps.iter().map(map).collect::<Vec<_>>().join(" ")
}

fn height(map: &Map) -> u64 {
    TITLE + map.lines.len() as u64 * BAND + map.rows.len() as u64 * HEIGHT + MARGIN
}

fn draw(svg: &mut Markup, title: &str, map: &Map, top: u64) {
    let text: &[(&str, &dyn Display)] =
        &[("class", &"title"), ("x", &MARGIN), ("y", &(top + TITLE - 12))];
    svg.element("text", text, title);
    svg.line();
    let mut y = top + TITLE;
    let mut lines = map.lines.iter().peekable();
    for row in &map.rows {
        while let Some(line) = lines.next_if(|line| line.start <= row.start) {
            let at: &[(&str, &dyn Display)] =
                &[("class", &"quiet"), ("x", &(MARGIN + GUTTER)), ("y", &(y + BAND - 8))];
            let numbers = match line.first == line.last {
                true => format!("line {}", line.first),
                false => format!("lines {} to {}", line.first, line.last),
            };
            svg.element("text", at, format_args!("{numbers}: {}", line.usage()));
            svg.line();
            y += BAND;
        }
        let at: &[(&str, &dyn Display)] = &[
            ("class", &"quiet"),
            ("x", &(MARGIN + GUTTER - 8)),
            ("y", &(y + HEIGHT - 12)),
            ("text-anchor", &"end"),
        ];
        svg.element("text", at, row.start);
        svg.line();
        row.cells.iter().for_each(|cell| self::cell(svg, &map.parts[cell.part], row, cell, y));
        y += HEIGHT;
    }
}

fn cell(svg: &mut Markup, part: &Part, row: &Row, cell: &Cell, y: u64) {
    let (x, width) = (MARGIN + GUTTER + cell.from * BYTE, (cell.to - cell.from) * BYTE);
    svg.open("g", &[]);
    svg.element("title", &[], about(part));
    let rect: &[(&str, &dyn Display)] = &[
        ("class", &part.kind.word()),
        ("x", &x),
        ("y", &y),
        ("width", &width),
        ("height", &HEIGHT),
    ];
    svg.empty("rect", rect);
    let label = match (row.is_gap(), cell.is_first) {
        (true, _) => format!("\u{2026} {} more bytes of {}", row.count * ROW, part.name),
        (false, true) if part.ty.is_empty() => part.name.to_owned(),
        (false, true) => format!("{}: {}", part.name, part.ty),
        (false, false) => String::new(),
    };
    let text: &[(&str, &dyn Display)] = &[("x", &(x + 8)), ("y", &(y + HEIGHT - 12))];
    svg.element("text", text, cut(&label, (width - 12) / CHARACTER));
    svg.close("g");
    svg.line();
}

/// What the mouse shows of a part.
fn about(part: &Part) -> String {
    let place = match part.size {
        Some(1) => format!("byte {}", part.offset),
        Some(size) => format!("bytes {} to {}", part.offset, part.offset + size - 1),
        None => format!("from byte {}", part.offset),
    };
    match part.kind {
        Kind::Padding => format!("{}, {place}", part.name),
        _ => format!("{}: {}, {place}", part.name, part.ty),
    }
}

/// The label, or as much of it as there is room for.
fn cut(label: &str, most: u64) -> String {
    let most = most as usize;
    match label.chars().count() > most {
        true => label.chars().take(most.saturating_sub(1)).chain(['\u{2026}']).collect(),
        false => label.to_owned(),
    }
}
