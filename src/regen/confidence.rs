//! What past sprints say of the next one.

use minijinja::value::from_args;
use minijinja::{Error, ErrorKind, Value};

use super::values;

/// How many known sprints a confidence needs.
const ENOUGH: usize = 5;

/// How many sprints a velocity is the mean of.
const RECENT: usize = 3;

/// `recent(velocity)`: the mean of the last three sprints, to the nearest whole number; none without any.
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

/// `confidence(velocity, points)`: the share of known sprints that reached the committed points, in per cent to the nearest
/// whole number; none below five sprints.
///
/// The method is the empirical distribution: if the next sprint is drawn from the same distribution as the known ones, the
/// share of those that reached `points` estimates the chance that it will too. With `n` sprints its standard error is at most
/// `50 / sqrt(n)` points of per cent, which below five sprints (22) says nothing.
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
    let wrong = || Error::new(ErrorKind::InvalidOperation, "`facts.sprint.velocity` must be a list of numbers");
    if velocity.as_str().is_some() {
        return Err(wrong());
    }
    let number =
        |value: Value| if value.is_number() { f64::try_from(value).map_err(|_| wrong()) } else { Err(wrong()) };
    velocity.try_iter().map_err(|_| wrong())?.map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn velocity(sprints: &[i64]) -> Value {
        sprints.iter().map(|sprint| Value::from(*sprint)).collect()
    }

    #[test]
    fn velocity_and_confidence_are_what_the_sprints_say() {
        assert_eq!(recent(&[velocity(&[10, 70, 74, 73])]).unwrap(), Value::from(72));
        assert!(recent(&[velocity(&[])]).unwrap().is_none());
        let points = Value::from(73);
        assert!(share(&[velocity(&[80, 80, 80, 80]), points.clone()]).unwrap().is_none());
        assert_eq!(share(&[velocity(&[70, 73, 80, 60, 90]), points.clone()]).unwrap(), Value::from(60));
        assert!(share(&[Value::from("fast"), points]).is_err());
    }
}
