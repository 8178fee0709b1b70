use super::*;

#[test]
fn families_take_turns() {
    let parse = |texts: &[&str]| -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    for (given, tried) in [
        (vec![], vec![]),
        (vec!["1.1.1.1", "1.1.1.2"], vec!["1.1.1.1", "1.1.1.2"]),
        (
            vec!["2a00::1", "2a00::2", "2a00::3", "1.1.1.1"],
            vec!["2a00::1", "1.1.1.1", "2a00::2", "2a00::3"],
        ),
        (
            vec!["1.1.1.1", "1.1.1.2", "2a00::1"],
            vec!["2a00::1", "1.1.1.1", "1.1.1.2"],
        ),
    ] {
        assert_eq!(alternate(&parse(&given)), parse(&tried));
    }
}
