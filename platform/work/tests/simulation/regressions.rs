//! Seeds that once failed, and what each showed.

use crate::seed::Scenario;

/// Seeds of the fleet on a server.
const SERVER: &[(u64, &str)] = &[
    (
        0,
        "a replica that was cut off ran its jobs on beside the one that had taken them over, as long as it waited for an answer",
    ),
    (
        237,
        "the same; and, when the scenario was longer, that a replica which stepped around a refused event set the cursor back \
         behind events that another had handled since",
    ),
];

#[test]
fn what_once_failed_on_a_server_does_not_fail_again() {
    let (ground, scenario) = (Scenario::ground(), Scenario::server());
    for (seed, showed) in SERVER {
        let outcome = scenario.run(&ground, *seed, &[], false);
        assert!(
            outcome.violations.is_empty(),
            "seed {seed}, which once showed that {showed}: {:?}",
            outcome.violations
        );
    }
}
