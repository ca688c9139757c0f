//! The network between one machine and the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::simulation::chance::Chance;

/// One machine's connection to the network.
#[derive(Debug)]
pub struct Wire {
    chance: Chance,
    /// The most milliseconds that one crossing usually takes.
    usual: u64,
    cut: AtomicBool,
    mended: Notify,
}

impl Wire {
    /// A wire that works.
    pub fn new(chance: Chance, usual: u64) -> Arc<Self> {
        Arc::new(Self {
            chance,
            usual,
            cut: AtomicBool::new(false),
            mended: Notify::new(),
        })
    }

    /// From now on nothing gets through, in either direction; what is on its way arrives when the wire is mended.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Everything gets through again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
        self.mended.notify_waiters();
    }

    /// Whether nothing gets through.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// Resolves when something could get through.
    pub async fn whole(&self) {
        loop {
            let mended = self.mended.notified();
            if !self.is_cut() {
                return;
            }
            mended.await;
        }
    }

    /// How long the next crossing takes: usually next to nothing, now and then a while.
    fn delay(&self) -> Duration {
        match self.chance.below(1000) {
            0 => self.chance.millis(100, 1_000),
            1..=20 => self.chance.millis(5, 50),
            _ => self.chance.millis(0, self.usual),
        }
    }
}

/// The way of one process over its machine's wire.
#[derive(Debug, Clone)]
pub struct Route {
    wire: Arc<Wire>,
    lost: Arc<AtomicBool>,
}

impl Route {
    /// The way of a new process.
    pub fn new(wire: &Arc<Wire>) -> Self {
        Self {
            wire: Arc::clone(wire),
            lost: Arc::default(),
        }
    }

    /// The machine is gone without a word: nothing it sent before arrives any more, and nobody is told.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    /// Takes as long as something needs to get through.
    pub async fn cross(&self) {
        let delay = self.wire.delay();
        if delay.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(delay).await;
        }
        self.wire.whole().await;
        if self.is_lost() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the process's machine is gone.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Whether something sent now would get through.
    pub fn is_open(&self) -> bool {
        !self.wire.is_cut() && !self.is_lost()
    }

    /// Resolves when something could get through.
    pub async fn whole(&self) {
        self.wire.whole().await;
    }
}
