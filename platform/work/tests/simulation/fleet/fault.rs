//! What goes wrong, as it happens and passes.

use std::time::Duration;

use mainstay_testkit::simulation::Fault;
use tokio::time::Instant;

use super::Fleet;

/// Lets a fault happen, and returns when it has passed.
pub async fn happen(fleet: &Fleet, fault: Fault) {
    fleet.log.line(&format!("FAULT {fault}"));
    let fault_began = Instant::now();
    let away = async |down: Duration, number: usize, ended: bool| {
        if ended {
            tokio::time::sleep(down).await;
            fleet.start(number).await;
        }
    };
    match fault {
        Fault::Crash { machine, down } => away(down, machine, fleet.crash(machine)).await,
        Fault::PowerLoss { machine, down } => away(down, machine, fleet.lose_power(machine)).await,
        Fault::Stop { machine, down } => {
            let ended = fleet.stop(machine).await;
            away(down, machine, ended).await;
        }
        Fault::Cut { machine, lasts } => {
            let wire = &fleet.places[machine].machine.wire;
            wire.cut();
            tokio::time::sleep(lasts).await;
            wire.mend();
        }
        Fault::HalfCut { machine, way, lasts } => {
            let wire = &fleet.places[machine].machine.wire;
            wire.cut_one(way);
            tokio::time::sleep(lasts).await;
            wire.mend();
        }
        Fault::SlowWire { machine, lasts, most } => {
            let wire = &fleet.places[machine].machine.wire;
            wire.slow_down(most);
            tokio::time::sleep(lasts).await;
            wire.mend();
        }
        Fault::SlowDisk { lasts, most } => {
            fleet.server.slow_down(most / 10, most);
            tokio::time::sleep(lasts).await;
            fleet.server.speed_up();
        }
        Fault::LostAcknowledgements { lasts, percent } => {
            fleet.server.lose_acknowledgements(percent);
            tokio::time::sleep(lasts).await;
            fleet.server.lose_acknowledgements(0);
        }
        Fault::Restart { down } => {
            fleet.server.go_down(false);
            tokio::time::sleep(down).await;
            fleet.server.come_up();
        }
        Fault::DatabasePowerLoss { down } => {
            fleet.server.go_down(true);
            tokio::time::sleep(down).await;
            fleet.server.come_up();
        }
        Fault::ClockJump { machine, by } => fleet.places[machine].machine.clock.jump(by),
    }
    fleet.record.fault_passed(fault, fault_began);
}
