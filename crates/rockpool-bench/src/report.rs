//! Tables of figures, with ratios to the reference.
use crate::load::Load;

/// One line of a table.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) per_second: f64,
    /// CPU time of the measured process for an operation, where there is one.
    pub(crate) cpu_us: Option<f64>,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) peak_mib: Option<f64>,
}

impl Line {
    pub(crate) fn new(name: &str, load: &Load, cpu_us: Option<u64>, peak_kib: Option<u64>) -> Self {
        let count = load.latencies.len() as f64;
        Self {
            name: name.into(),
            per_second: count / load.elapsed.as_secs_f64(),
            cpu_us: cpu_us.map(|us| us as f64 / count),
            p50_ms: load.percentile(0.5).as_secs_f64() * 1e3,
            p99_ms: load.percentile(0.99).as_secs_f64() * 1e3,
            peak_mib: peak_kib.map(|kib| kib as f64 / 1024.0),
        }
    }
}

/// Prints a table whose last line is the reference, and each other line's ratio to it.
pub(crate) fn print(title: &str, lines: &[Line]) {
    println!("\n{title}");
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "", "ops/s", "CPU us/op", "p50 ms", "p99 ms", "peak MiB", "ratio"
    );
    let reference = lines.last().map_or(1.0, |line| line.per_second);
    let figure = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.1}"));
    for line in lines {
        println!(
            "{:<34} {:>9.0} {:>9} {:>9.2} {:>9.2} {:>9} {:>8.2}",
            line.name,
            line.per_second,
            figure(line.cpu_us),
            line.p50_ms,
            line.p99_ms,
            figure(line.peak_mib),
            line.per_second / reference
        );
    }
}
