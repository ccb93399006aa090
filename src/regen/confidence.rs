//! Velocity and confidence, computed from past sprints.

use minijinja::value::from_args;
use minijinja::{Error, ErrorKind, Value};

use super::values;

/// Minimum number of sprints for a confidence.
const ENOUGH: usize = 5;

/// Number of sprints that a velocity is averaged over.
const RECENT: usize = 3;

/// `recent(velocity)`: mean of the last three sprints, rounded to a whole number; none if there are no sprints.
pub fn recent(arguments: &[Value]) -> Result<Value, Error> {
    let (velocity,): (Value,) = from_args(arguments)?;
    let known = numbers(&velocity)?;
    let last = &known[known.len().saturating_sub(RECENT)..];
    if last.is_empty() {
        return Ok(Value::from(()));
    }
    #[allow(clippy::cast_precision_loss)]
    let mean = last.iter().sum::<f64>() / last.len() as f64;
    Ok(Value::from(values::whole(mean)))
}

/// `confidence(velocity, points)`: share of past sprints that reached the committed points, in percent, rounded to a
/// whole number; none for fewer than five sprints.
///
/// The method is the empirical distribution: if the next sprint is drawn from the same distribution as the past ones,
/// the share of those that reached `points` estimates the probability that it will do so too. With `n` sprints the
/// standard error is at most `50 / sqrt(n)` percentage points, which is too large for fewer than five sprints (22 for
/// five).
pub fn share(arguments: &[Value]) -> Result<Value, Error> {
    let (velocity, points): (Value, Value) = from_args(arguments)?;
    let known = numbers(&velocity)?;
    let committed = values::number(&points).unwrap_or_default();
    if known.len() < ENOUGH {
        return Ok(Value::from(()));
    }
    let reached = known.iter().filter(|sprint| **sprint >= committed).count();
    #[allow(clippy::cast_precision_loss)]
    let share = 100.0 * reached as f64 / known.len() as f64;
    Ok(Value::from(values::whole(share)))
}

fn numbers(velocity: &Value) -> Result<Vec<f64>, Error> {
    if velocity.is_none() || velocity.is_undefined() {
        return Ok(Vec::new());
    }
    let invalid = || Error::new(ErrorKind::InvalidOperation, "`facts.sprint.velocity` is not a list of numbers");
    if velocity.as_str().is_some() {
        return Err(invalid());
    }
    let number =
        |value: Value| if value.is_number() { f64::try_from(value).map_err(|_| invalid()) } else { Err(invalid()) };
    velocity.try_iter().map_err(|_| invalid())?.map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn velocity(sprints: &[i64]) -> Value {
        sprints.iter().map(|sprint| Value::from(*sprint)).collect()
    }

    #[test]
    fn computes_velocity_and_confidence_from_sprints() {
        assert_eq!(recent(&[velocity(&[10, 70, 74, 73])]).unwrap(), Value::from(72));
        assert!(recent(&[velocity(&[])]).unwrap().is_none());
        let points = Value::from(73);
        assert!(share(&[velocity(&[80, 80, 80, 80]), points.clone()]).unwrap().is_none());
        assert_eq!(share(&[velocity(&[70, 73, 80, 60, 90]), points.clone()]).unwrap(), Value::from(60));
        assert!(share(&[Value::from("fast"), points]).is_err());
    }
}
