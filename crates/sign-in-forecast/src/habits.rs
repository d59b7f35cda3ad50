//! How a population comes by, as counts: people by how long they have been registered and how long
//! ago they last signed in, in weeks; and of those who wait for their first sign-in, who they are in the
//! same terms. A fixed size, however many people. Pure: knows no clock, database or person.

use std::ops::Range;

/// The most weeks that can be looked ahead.
pub const LONGEST: usize = 104;

/// Where spans of time since the last sign-in begin, in weeks; the last has no end. People of one span
/// are taken to have the same habits.
const RECENCY: [usize; 8] = [0, 1, 2, 4, 8, 13, 26, 52];
/// Spans of recency, and those who never signed in.
const SPANS: usize = RECENCY.len() + 1;
/// Where spans of time since registration begin, in weeks; the last has no end.
const TENURE: [usize; 19] = [
    0, 1, 2, 4, 8, 13, 26, 39, 52, 78, 104, 130, 156, 182, 208, 260, 312, 364, 416,
];
/// Fewer people than these say nothing of how many there are of their like.
const ENOUGH: f64 = 40.0;
/// Fewer than these say nothing of habits.
const ENOUGH_FOR_HABITS: f64 = 600.0;
/// The same of one span of recency.
const ENOUGH_OF_SPAN: f64 = 10.0;

/// What becomes of somebody whom the end of the window still finds waiting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AtClose {
    /// An import job takes them with their hash.
    HashImport,
    /// AdminCreateUser; the password is lost.
    AdminCreate,
    /// Held, for a reason that first sign-ins do not mind.
    Hold,
}

/// Of each way, so many.
pub type Ways = [f64; 3];

/// Everybody with a habit, and those who wait.
#[derive(Clone, Debug)]
pub struct Habits {
    weeks: usize,
    counts: Vec<u32>,
    waiting: [[[u32; SPANS]; TENURE.len()]; 3],
}

impl Habits {
    /// For a look so many weeks ahead.
    pub fn new(weeks: usize) -> Habits {
        let weeks = weeks.clamp(1, LONGEST);
        let mut habits = Habits {
            weeks,
            counts: Vec::new(),
            waiting: [[[0; SPANS]; TENURE.len()]; 3],
        };
        habits.counts = vec![0; habits.rows() * habits.columns()];
        habits
    }

    /// How far it looks.
    pub fn weeks(&self) -> usize {
        self.weeks
    }

    fn rows(&self) -> usize {
        TENURE[TENURE.len() - 1] + self.weeks + 1
    }

    /// One a week, one for all before, one for never.
    fn columns(&self) -> usize {
        self.older() + 2
    }

    fn older(&self) -> usize {
        RECENCY[RECENCY.len() - 1] + self.weeks
    }

    fn never(&self) -> usize {
        self.older() + 1
    }

    /// Counts somebody: full weeks since they registered (`None` where that is not known: always) and
    /// since they last signed in (`None` for never).
    pub fn add(&mut self, tenure: Option<usize>, recency: Option<usize>) {
        let row = tenure.unwrap_or(usize::MAX).min(self.rows() - 1);
        let column = recency.map_or(self.never(), |weeks| weeks.min(self.older()));
        let columns = self.columns();
        self.counts[row * columns + column] += 1;
    }

    /// Counts somebody, who must have been added, as waiting.
    pub fn add_waiting(&mut self, tenure: Option<usize>, recency: Option<usize>, close: AtClose) {
        let (row, span) = place(tenure, recency);
        self.waiting[close as usize][row][span] += 1;
    }

    /// Those who wait.
    pub(crate) fn waiting(&self) -> Ways {
        self.waiting
            .map(|way| way.iter().flatten().map(|count| f64::from(*count)).sum())
    }

    /// The people themselves.
    pub(crate) fn sums(&self) -> Sums {
        self.sums_of(f64::from)
    }

    /// The people as they could have been by chance, where `draw` says how many of a count.
    pub(crate) fn sums_of(&self, mut draw: impl FnMut(u32) -> f64) -> Sums {
        let (rows, columns) = (self.rows(), self.columns());
        let mut sums = vec![0.0; (rows + 1) * (columns + 1)];
        for row in 0..rows {
            let mut of_row = 0.0;
            for column in 0..columns {
                let count = self.counts[row * columns + column];
                if count > 0 {
                    of_row += draw(count);
                }
                let above = sums[row * (columns + 1) + column + 1];
                sums[(row + 1) * (columns + 1) + column + 1] = above + of_row;
            }
        }
        Sums {
            rows,
            columns,
            sums,
        }
    }

    /// How many of those who wait have not come after so many weeks, by what becomes of them then;
    /// `None` where nobody has been registered for so long.
    ///
    /// Whoever had last come `r` weeks before and stayed away for `ahead` weeks, last came `r + ahead`
    /// weeks ago. So the share that stays away is read from the table: those of recency `r + ahead`
    /// among people who were registered `ahead` weeks ago, over those of recency `r` now, the former
    /// weighted so that both are registered for as long.
    pub(crate) fn staying(&self, sums: &Sums, ahead: usize) -> Option<Ways> {
        let mut staying = [0.0; 3];
        for group in self.groups(sums, ahead)? {
            let spans = self.spans(sums, &group, ahead);
            let of_group = group[group.len() - 1].start..group[0].end;
            for (spans, share) in shares(&spans) {
                for (way, waiting) in staying.iter_mut().zip(&self.waiting) {
                    let people = waiting[of_group.clone()].iter();
                    let people = people.flat_map(|row| &row[spans.clone()]);
                    *way += share * people.map(|count| f64::from(*count)).sum::<f64>();
                }
            }
        }
        Some(staying)
    }

    /// By span of recency: the people of a group now, and those like them who stayed away.
    fn spans(&self, sums: &Sums, group: &[Range<usize>], ahead: usize) -> [[f64; 2]; SPANS] {
        let mut spans = [[0.0; 2]; SPANS];
        for part in group {
            let [now, then] = [0, ahead].map(|ago| self.tenure(part.clone(), ago));
            let growth = sums.all(now) / sums.all(then);
            for (span, [before, after]) in spans.iter_mut().enumerate() {
                *before += sums.within(now, self.recency(span, 0));
                *after += growth * sums.within(then, self.recency(span, ahead));
            }
        }
        spans
    }

    /// Spans of tenure, oldest first: neighbours go together where one alone has too few people, now
    /// or then; as many of these make a group as it takes to tell habits.
    fn groups(&self, sums: &Sums, ahead: usize) -> Option<Vec<Vec<Range<usize>>>> {
        let enough = |spans: Range<usize>, people: f64| {
            let counts = [0, ahead].map(|ago| sums.all(self.tenure(spans.clone(), ago)));
            counts.iter().all(|count| *count >= people)
        };
        if sums.all(self.tenure(0..TENURE.len(), ahead)) <= 0.0 {
            return None;
        }
        let (mut groups, mut group) = (Vec::new(), Vec::new());
        let (mut end, mut group_end) = (TENURE.len(), TENURE.len());
        for begin in (0..TENURE.len()).rev() {
            if !enough(begin..end, ENOUGH) {
                continue;
            }
            group.push(begin..end);
            end = begin;
            if enough(begin..group_end, ENOUGH_FOR_HABITS) {
                groups.push(std::mem::take(&mut group));
                group_end = begin;
            }
        }
        // The youngest may be too few: they go with the next.
        match groups.last_mut() {
            Some(youngest) => youngest.append(&mut group),
            None => groups.push(group),
        }
        let youngest = groups.last_mut()?;
        match youngest.last_mut() {
            Some(part) => part.start = 0,
            None => youngest.push(0..TENURE.len()),
        }
        Some(groups)
    }

    /// The rows of people who had this tenure so many weeks ago.
    fn tenure(&self, spans: Range<usize>, ago: usize) -> [usize; 2] {
        let end = TENURE.get(spans.end).map(|end| end + ago);
        [TENURE[spans.start] + ago, end.unwrap_or(self.rows())]
    }

    /// The columns of people who had this recency so many weeks ago and did not come since.
    fn recency(&self, span: usize, ago: usize) -> [usize; 2] {
        if span == RECENCY.len() {
            return [self.never(), self.never() + 1];
        }
        let end = RECENCY.get(span + 1).map(|end| end + ago);
        [RECENCY[span] + ago, end.unwrap_or(self.older() + 1)]
    }
}

/// The share of each span that stays away. Too few say nothing: such spans go with the next.
fn shares(spans: &[[f64; 2]; SPANS]) -> Vec<(Range<usize>, f64)> {
    let mut shares = Vec::with_capacity(SPANS);
    let never = RECENCY.len();
    let (mut begin, mut before, mut after) = (0, 0.0, 0.0);
    for (span, [now, later]) in spans.iter().enumerate() {
        before += now;
        after += later;
        // Whoever never came is nobody's neighbour.
        let rest: f64 = spans[span + 1..never.max(span + 1)]
            .iter()
            .map(|[now, _]| now)
            .sum();
        let is_last = span + 1 >= never;
        if is_last || (before >= ENOUGH_OF_SPAN && rest >= ENOUGH_OF_SPAN) {
            let share = if before > 0.0 { after / before } else { 1.0 };
            shares.push((begin..span + 1, share));
            (begin, before, after) = (span + 1, 0.0, 0.0);
        }
    }
    shares
}

fn place(tenure: Option<usize>, recency: Option<usize>) -> (usize, usize) {
    let span =
        |edges: &[usize], weeks: usize| edges.iter().filter(|edge| **edge <= weeks).count() - 1;
    let row = span(&TENURE, tenure.unwrap_or(usize::MAX));
    (
        row,
        recency.map_or(RECENCY.len(), |weeks| span(&RECENCY, weeks)),
    )
}

/// Counts added up, so that any rectangle of them is one look.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    rows: usize,
    columns: usize,
    sums: Vec<f64>,
}

impl Sums {
    fn all(&self, rows: [usize; 2]) -> f64 {
        self.within(rows, [0, self.columns])
    }

    fn within(&self, rows: [usize; 2], columns: [usize; 2]) -> f64 {
        let rows = rows.map(|row| row.min(self.rows));
        let columns = columns.map(|column| column.min(self.columns));
        let at = |row: usize, column: usize| self.sums[row * (self.columns + 1) + column];
        let [top, bottom] = rows;
        let [left, right] = columns;
        at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left)
    }
}
