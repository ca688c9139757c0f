//! Nodes and passing lines in rows: their order, so that few lines cross, and their columns, so that lines are short.

/// Sweeps down and up. Crossings settle within four to eight on graphs of this size; more costs nothing that is felt.
const SWEEPS: usize = 12;
/// Width that a passing line takes, as a share of a node's.
const PASSING: f64 = 0.05;

/// Nodes, and an item for each layer that a line passes.
pub struct Grid {
    /// The layer of each item, nodes first.
    pub layer: Vec<usize>,
    rows: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// For each call the items that its line goes through.
    pub chains: Vec<Vec<usize>>,
    nodes: usize,
}

impl Grid {
    /// Of nodes in these layers and calls that lead downwards.
    pub fn new(nodes: usize, layer: &[usize], calls: &[(usize, usize)]) -> Self {
        let mut layer = layer.to_vec();
        let mut chains = Vec::with_capacity(calls.len());
        for (from, to) in calls {
            let mut chain = vec![*from];
            for row in layer[*from] + 1..layer[*to] {
                chain.push(layer.len());
                layer.push(row);
            }
            chain.push(*to);
            chains.push(chain);
        }
        let mut grid = Self {
            rows: vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)],
            above: vec![Vec::new(); layer.len()],
            below: vec![Vec::new(); layer.len()],
            layer,
            chains,
            nodes,
        };
        for (item, row) in grid.layer.iter().enumerate() {
            grid.rows[*row].push(item);
        }
        for chain in &grid.chains {
            for pair in chain.windows(2) {
                grid.below[pair[0]].push(pair[1]);
                grid.above[pair[1]].push(pair[0]);
            }
        }
        grid
    }

    /// Orders each layer by the mean place of its neighbours, downwards and upwards in turn, and keeps the best.
    pub fn reduce_crossings(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let mut place = self.places();
            let rows = self.rows.len();
            for step in 1..rows {
                let row = if down { step } else { rows - 1 - step };
                let neighbours = if down { &self.above } else { &self.below };
                self.rows[row].sort_by(|one, other| {
                    let key =
                        |item: usize| mean(neighbours[item].iter().map(|next| place[*next])).unwrap_or(place[item]);
                    key(*one).total_cmp(&key(*other))
                });
                for (column, item) in self.rows[row].iter().enumerate() {
                    place[*item] = as_place(column);
                }
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    fn places(&self) -> Vec<f64> {
        let mut place = vec![0.0; self.layer.len()];
        for row in &self.rows {
            for (column, item) in row.iter().enumerate() {
                place[*item] = as_place(column);
            }
        }
        place
    }

    fn crossings(&self) -> usize {
        let place = self.places();
        let mut crossings = 0;
        for row in &self.rows {
            let mut ends: Vec<f64> = Vec::new();
            for item in row {
                let mut below: Vec<f64> = self.below[*item].iter().map(|next| place[*next]).collect();
                crossings += below
                    .iter()
                    .map(|end| ends.iter().filter(|other| *other > end).count())
                    .sum::<usize>();
                ends.append(&mut below);
            }
        }
        crossings
    }

    fn width(&self, item: usize) -> f64 {
        if item < self.nodes { 1.0 } else { PASSING }
    }

    /// Columns: each item near the middle of its neighbours, none over another.
    pub fn columns(&self) -> Vec<f64> {
        let mut column = vec![0.0; self.layer.len()];
        let widest = self
            .rows
            .iter()
            .map(|row| row.iter().map(|item| self.width(*item)).sum::<f64>())
            .fold(0.0, f64::max);
        for row in &self.rows {
            let own: f64 = row.iter().map(|item| self.width(*item)).sum();
            let mut left = (widest - own) / 2.0;
            for item in row {
                column[*item] = left + self.width(*item) / 2.0;
                left += self.width(*item);
            }
        }
        for sweep in 0..SWEEPS {
            let rows: Vec<&Vec<usize>> = if sweep % 2 == 0 {
                self.rows.iter().collect()
            } else {
                self.rows.iter().rev().collect()
            };
            for row in rows {
                let wanted: Vec<f64> = row
                    .iter()
                    .map(|item| {
                        let near = self.above[*item]
                            .iter()
                            .chain(&self.below[*item])
                            .map(|next| column[*next]);
                        mean(near).unwrap_or(column[*item])
                    })
                    .collect();
                self.spread(row, &wanted, widest, &mut column);
            }
        }
        column
    }

    /// As near to the wanted columns as the order and the widths allow: the mean of pushing from the left and from the right.
    fn spread(&self, row: &[usize], wanted: &[f64], widest: f64, column: &mut [f64]) {
        let mut from_left = Vec::with_capacity(row.len());
        let mut edge = 0.0f64;
        for (item, wanted) in row.iter().zip(wanted) {
            let half = self.width(*item) / 2.0;
            let middle = wanted.max(edge + half);
            edge = middle + half;
            from_left.push(middle);
        }
        let mut edge = widest;
        for (place, item) in row.iter().enumerate().rev() {
            let half = self.width(*item) / 2.0;
            let middle = wanted[place].min(edge - half);
            edge = middle - half;
            from_left[place] = f64::midpoint(from_left[place], middle);
        }
        // The mean keeps every distance, but may reach over the ends.
        let mut edge = widest;
        for (place, item) in row.iter().enumerate().rev() {
            let half = self.width(*item) / 2.0;
            column[*item] = from_left[place].min(edge - half);
            edge = column[*item] - half;
        }
        let mut edge = 0.0f64;
        for item in row {
            let half = self.width(*item) / 2.0;
            column[*item] = column[*item].max(edge + half);
            edge = column[*item] + half;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place in a row")]
fn as_place(column: usize) -> f64 {
    column as f64
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, number) = values.fold((0.0, 0.0), |(sum, number), value| (sum + value, number + 1.0));
    (number > 0.0).then(|| sum / number)
}
