//! Reads metrics of the server (Prometheus text format 0.0.4).

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::connection_set::POLL;
use super::{Joined, WsTarget};
use crate::config::doctor::MetricsEndpoint;
use crate::doctor::check_result::CheckResult;
use crate::doctor::http::{Page, Request};

/// Time in which a gauge must fall after a connection ended.
const MAX_LAG: Duration = Duration::from_secs(2);

/// Timeout of the metrics request.
const ANSWER: Duration = Duration::from_secs(5);

impl WsTarget {
    /// Returns the number of connections that the server already serves, from the gauge `active`. Returns 0 without
    /// `metrics`, or if the gauge does not fall within 2 s after a connection ended.
    ///
    /// # Errors
    /// Returns an error result if the metrics cannot be read or do not contain the gauge.
    pub async fn baseline(&self) -> Result<usize, Box<CheckResult>> {
        let Some(metrics) = &self.ws.metrics else {
            self.log.record("baseline", "`metrics` is not set, so no other clients are assumed");
            return Ok(0);
        };
        let active = self.metric(metrics, &metrics.active).await?;
        // A gauge that does not fall when a connection ends is not a count of other clients.
        let route = self.route().await?;
        if let Joined::Served(client) = self.join(&route).await? {
            client.close().await;
        }
        let start = Instant::now();
        while self.metric(metrics, &metrics.active).await? > active {
            if start.elapsed() > MAX_LAG {
                self.log.record("baseline", "the gauge does not fall when a connection ends, so it is not used");
                return Ok(0);
            }
            sleep(POLL).await;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Ok(active.clamp(0.0, 1e6) as usize)
    }

    /// Returns the sum of a metric over its series. `name{label="value"}` selects only the series with that label.
    ///
    /// # Errors
    /// Returns an error result if the metrics cannot be read or do not contain the metric.
    pub async fn metric(&self, metrics: &MetricsEndpoint, name: &str) -> Result<f64, Box<CheckResult>> {
        let page = self
            .page(&metrics.url)
            .await
            .map_err(|why| Box::new(CheckResult::error(format!("cannot read the metrics: {why}"))))?;
        sum(&page, name).ok_or_else(|| {
            Box::new(
                CheckResult::error(format!("the metrics do not contain `{name}`"))
                    .help("correct the name in `metrics`", &[]),
            )
        })
    }

    async fn page(&self, url: &str) -> Result<String, String> {
        let page = Page::resolve(url, &self.allow, self.ws.ca.as_deref()).await?;
        let headers = vec![("accept".to_owned(), "text/plain; version=0.0.4".to_owned())];
        let request = Request { method: "GET".to_owned(), headers, body: String::new() };
        let answer = page.send(&request, ANSWER).await.map_err(|failed| failed.to_string())?;
        if answer.status >= 300 {
            return Err(format!("the server answered {}", answer.status));
        }
        Ok(answer.body)
    }
}

/// Returns the sum of the samples of a metric, or `None` if there are none.
fn sum(page: &str, wanted: &str) -> Option<f64> {
    let (name, labels) = wanted.split_once('{').map_or((wanted, ""), |(name, rest)| (name, rest.trim_end_matches('}')));
    let mut total = None;
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let Some(rest) = line.strip_prefix(name) else { continue };
        let (series, rest) = match rest.strip_prefix('{').and_then(|rest| rest.rsplit_once('}')) {
            Some(parts) => parts,
            None if rest.starts_with([' ', '\t']) => ("", rest),
            None => continue,
        };
        let value = rest.split_whitespace().next().and_then(|value| value.parse::<f64>().ok());
        let matched = labels.split(',').filter(|label| !label.is_empty()).all(|label| series.contains(label.trim()));
        if let Some(value) = value.filter(|_| matched) {
            total = Some(total.unwrap_or(0.0) + value);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn sums_the_samples_of_a_metric() {
        let page = "# HELP a b\n# TYPE a gauge\na 3\na_total 9\nb{x=\"1\",y=\"}\"} 1.5\nb{x=\"2\"} 2 1700000000\n";
        assert_eq!((sum(page, "a"), sum(page, "b"), sum(page, "b{x=\"2\"}")), (Some(3.0), Some(3.5), Some(2.0)));
        assert_eq!((sum(page, "c"), sum(page, "a_tot")), (None, None));
    }
}
