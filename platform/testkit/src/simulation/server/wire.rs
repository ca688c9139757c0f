//! The network between one machine and the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::simulation::chance::Chance;

/// Which way something goes over a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the machine to the database.
    There,
    /// From the database to the machine.
    Back,
}

/// One machine's connection to the network.
#[derive(Debug)]
pub struct Wire {
    chance: Chance,
    /// The most milliseconds that one crossing usually takes.
    usual: u64,
    /// The same, as long as the wire is slow.
    most: AtomicU64,
    cut_there: AtomicBool,
    cut_back: AtomicBool,
    mended: Notify,
}

impl Wire {
    /// A wire that works.
    pub fn new(chance: Chance, usual: u64) -> Arc<Self> {
        Arc::new(Self {
            chance,
            usual,
            most: AtomicU64::new(usual),
            cut_there: AtomicBool::new(false),
            cut_back: AtomicBool::new(false),
            mended: Notify::new(),
        })
    }

    /// From now on nothing gets through, in either direction; what is on its way arrives when the wire is mended.
    pub fn cut(&self) {
        self.cut_one(Way::There);
        self.cut_one(Way::Back);
    }

    /// The same in one direction.
    pub fn cut_one(&self, way: Way) {
        self.way(way).store(true, Ordering::SeqCst);
    }

    /// Everything gets through again, and as quickly as usual.
    pub fn mend(&self) {
        self.cut_there.store(false, Ordering::SeqCst);
        self.cut_back.store(false, Ordering::SeqCst);
        self.most.store(self.usual, Ordering::SeqCst);
        self.mended.notify_waiters();
    }

    /// From now on a crossing takes up to so many milliseconds.
    pub fn slow_down(&self, most: u64) {
        self.most.store(most, Ordering::SeqCst);
    }

    /// Whether nothing gets through one way.
    pub fn is_cut(&self, way: Way) -> bool {
        self.way(way).load(Ordering::SeqCst)
    }

    /// Resolves when something could get through one way.
    pub async fn whole(&self, way: Way) {
        loop {
            let mended = self.mended.notified();
            if !self.is_cut(way) {
                return;
            }
            mended.await;
        }
    }

    fn way(&self, way: Way) -> &AtomicBool {
        match way {
            Way::There => &self.cut_there,
            Way::Back => &self.cut_back,
        }
    }

    /// How long the next crossing takes: usually next to nothing, now and then a while.
    fn delay(&self) -> Duration {
        match self.chance.below(1000) {
            0 => self.chance.millis(100, 1_000),
            1..=20 => self.chance.millis(5, 50),
            _ => self.chance.millis(0, self.most.load(Ordering::SeqCst)),
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
    pub async fn cross(&self, way: Way) {
        let delay = self.wire.delay();
        if delay.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(delay).await;
        }
        self.wire.whole(way).await;
        if self.is_lost() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the process's machine is gone.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Whether something sent to the machine now would get through.
    pub fn is_heard(&self) -> bool {
        !self.wire.is_cut(Way::Back) && !self.is_lost()
    }

    /// Resolves when a connection could be made, which needs both directions.
    pub async fn whole(&self) {
        while self.wire.is_cut(Way::There) || self.wire.is_cut(Way::Back) {
            self.wire.whole(Way::There).await;
            self.wire.whole(Way::Back).await;
        }
    }
}
