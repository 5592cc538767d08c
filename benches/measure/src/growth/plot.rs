//! The figures as plots: SVG with a background of their own, so that they can be read on a light page and on a dark one.

use plotters::{
    coord::combinators::IntoLogRange,
    prelude::{
        BindKeyPoints, ChartBuilder, Circle, Color, DrawingAreaErrorKind, EmptyElement, IntoDrawingArea,
        IntoFont, LineSeries, RGBColor, SVGBackend, ShapeStyle, Text,
    },
    style::{
        BLACK, WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Axis, Growth, Point, Service};
use crate::{failure::Failure, figures::grouped};

const SIZE: (u32, u32) = (720, 400);

/// Far enough apart for those who see colours differently.
const COLOURS: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0)];

/// Requests a second against this axis, both logarithmic. `None` if that was not measured.
///
/// # Errors
/// If it can't be drawn.
pub(crate) fn plot(figures: &Growth, axis: Axis) -> Result<Option<String>, Failure> {
    let series: Vec<_> = Service::ALL.iter().map(|&service| line(figures, axis, service)).collect();
    if series.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let mut svg = String::new();
    draw(&mut svg, axis, &series)
        .map_err(|error| Failure::unexpected("the plot", "that it can be drawn", error.to_string()))?;
    Ok(Some(svg))
}

fn line(figures: &Growth, axis: Axis, service: Service) -> Vec<(f64, f64)> {
    let points = axis.values().iter().filter_map(|&value| figures.point(axis, value, service));
    points.map(|&Point { value, requests_per_second, .. }| (value as f64, requests_per_second)).collect()
}

fn draw(
    svg: &mut String,
    axis: Axis,
    series: &[Vec<(f64, f64)>],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let values: Vec<f64> = axis.values().iter().map(|&value| value as f64).collect();
    let (least, most) = (values[0], values[values.len() - 1]);
    let rates = || series.iter().flatten().map(|&(_, rate)| rate);
    let floor = decade(rates().fold(f64::INFINITY, f64::min), f64::floor);
    let ceiling = decade(rates().fold(0.0, f64::max), f64::ceil);
    let mut chart =
        ChartBuilder::on(&area).margin(16).x_label_area_size(44).y_label_area_size(84).build_cartesian_2d(
            (least / 1.2..most * 1.2).log_scale().with_key_points(values),
            (floor..ceiling).log_scale(),
        )?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .bold_line_style(RGBColor(221, 221, 221))
        .label_style(("sans-serif", 14).into_font().color(&BLACK))
        .axis_desc_style(("sans-serif", 15).into_font().color(&BLACK))
        .x_desc(format!("{} (logarithmic)", axis.label()))
        .y_desc("requests a second (logarithmic)")
        .x_label_formatter(&|value| grouped(*value))
        .y_label_formatter(&|value| grouped(*value))
        .draw()?;
    for ((service, points), colour) in Service::ALL.into_iter().zip(series).zip(COLOURS) {
        let style = ShapeStyle { color: colour.to_rgba(), filled: true, stroke_width: 2 };
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 4, style)))?;
        let name = |(point, side)| {
            let font = ("sans-serif", 15).into_font().color(&colour).pos(Pos::new(side, VPos::Bottom));
            EmptyElement::at(point) + Text::new(service.label(), (0, -8), font)
        };
        chart.draw_series(higher_end(points).map(name))?;
    }
    area.present()
}

/// Where a name above the line meets no part of it, and which side of the name that is.
fn higher_end(points: &[(f64, f64)]) -> Option<((f64, f64), HPos)> {
    let (first, last) = (*points.first()?, *points.last()?);
    Some(if first.1 > last.1 { (first, HPos::Left) } else { (last, HPos::Right) })
}

/// The power of ten beside a figure.
fn decade(figure: f64, round: fn(f64) -> f64) -> f64 {
    10_f64.powf(round(figure.log10()))
}
