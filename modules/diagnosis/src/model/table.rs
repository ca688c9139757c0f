//! The trained weights. Written by the example `train`, not by hand.

use super::{
    CHANNELS, Shown, Training, Weights,
    weights::{JUDGED, RARE},
};

/// Where the weights come from.
pub const TRAINING: Training = Training {
    version: 3,
    date: "2026-11-21",
    windows: (68, 142),
    systems: 3,
};

/// The weights.
pub const WEIGHTS: Weights = Weights {
    channels: [
        8.7986,  // Cpu
        3.6408,  // Memory
        8.5504,  // Latency
        6.5318,  // LatencyExplained
        9.2594,  // Wire
        9.9894,  // Error
        0.7989,  // ErrorExplained
        9.8996,  // Events
        3.8181,  // EventsExplained
        0.0000,  // Traffic
        -3.1647, // Unreachable
        -1.5820, // LatencyOfAvailability
        -3.5125, // Address
        2.2000,  // Change
        6.0000,  // LogErrors
        1.0000,  // LogErrorsExplained
        5.0000,  // Saturation
        14.0000, // Unanswered
        14.0000, // Clock
    ],
    none: 2.3669,
};

/// How often each channel shows itself.
pub const SHOWN: [Shown; CHANNELS] = [
    // Cpu
    Shown {
        by_cause: 0.330,
        by_others: 0.002,
    },
    // Memory
    Shown {
        by_cause: 0.179,
        by_others: 0.000,
    },
    // Latency
    Shown {
        by_cause: 0.341,
        by_others: 0.008,
    },
    // LatencyExplained
    Shown {
        by_cause: 0.225,
        by_others: 0.012,
    },
    // Wire
    Shown {
        by_cause: 0.349,
        by_others: 0.008,
    },
    // Error
    Shown {
        by_cause: 0.500,
        by_others: 0.003,
    },
    // ErrorExplained
    Shown {
        by_cause: 0.029,
        by_others: 0.010,
    },
    // Events
    Shown {
        by_cause: 0.538,
        by_others: 0.011,
    },
    // EventsExplained
    Shown {
        by_cause: 0.104,
        by_others: 0.006,
    },
    // Traffic
    Shown {
        by_cause: 0.085,
        by_others: 0.006,
    },
    // Unreachable
    Shown {
        by_cause: 0.029,
        by_others: 0.082,
    },
    // LatencyOfAvailability
    Shown {
        by_cause: 0.500,
        by_others: 0.021,
    },
    // Address
    Shown {
        by_cause: 0.029,
        by_others: 0.245,
    },
    JUDGED, // Change
    JUDGED, // LogErrors
    JUDGED, // LogErrorsExplained
    JUDGED, // Saturation
    JUDGED, // Unanswered
    RARE,   // Clock
];
