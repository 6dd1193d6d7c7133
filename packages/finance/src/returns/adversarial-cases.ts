// Flows meant to mislead a solver, one investor each, with what is true of them. Exact amounts; for the tests.

export type Rows = readonly (readonly [date: string, amount: string])[];

export const CASES: [what: string, rows: Rows, expected: Record<string, unknown>][] = [
  [
    "all paid in",
    [
      ["2020-01-01", "-1"],
      ["2021-01-01", "-1"],
    ],
    { verdict: "no_root", reason: "one_sign", rate: null },
  ],
  [
    "all received",
    [
      ["2020-01-01", "1"],
      ["2021-01-01", "1"],
    ],
    { verdict: "no_root", reason: "one_sign", rate: null },
  ],
  ["one flow", [["2020-01-01", "-1"]], { verdict: "no_root", reason: "one_day", rate: null }],
  [
    "all on one day",
    [
      ["2020-01-01", "-100"],
      ["2020-01-01", "110"],
    ],
    { verdict: "no_root", reason: "one_day", rate: null },
  ],
  [
    "nothing but zeros",
    [
      ["2020-01-01", "0"],
      ["2021-01-01", "-0.00"],
    ],
    { verdict: "no_root", reason: "nothing_flows" },
  ],
  [
    "days that cancel exactly",
    [
      ["2020-01-01", "-100"],
      ["2020-01-01", "100"],
      ["2021-01-01", "0"],
    ],
    { verdict: "no_root", reason: "nothing_flows" },
  ],
  [
    "days that cancel to the last of 38 digits",
    [
      ["2020-01-01", "-99999999999999999999999999999999999999"],
      ["2020-01-01", "99999999999999999999999999999999999998"],
      ["2021-01-01", "1.1"],
    ],
    { verdict: "unique", rate: "0.099713585934", signChanges: 1 },
  ],
  [
    "a sum on one day that turns the sign",
    [
      ["2021-01-01", "-50"],
      ["2020-01-01", "-100"],
      ["2021-01-01", "160"],
    ],
    { verdict: "unique", rate: "0.099713585934" },
  ],
  [
    "amounts near the largest",
    [
      ["2021-01-01", "-90000000000000000000000000000000000000"],
      ["2022-01-01", "99000000000000000000000000000000000000"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "amounts of the smallest unit",
    [
      ["2021-01-01", "-0.000000000000000010"],
      ["2022-01-01", "0.000000000000000011"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "a huge beside a tiny flow",
    [
      ["2020-01-02", "-0.000000000000000001"],
      ["2021-01-01", "-90000000000000000000000000000000000000"],
      ["2022-01-01", "99000000000000000000000000000000000000"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "before 1970",
    [
      ["1921-01-01", "-100"],
      ["1922-01-01", "110"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "around 1970",
    [
      ["1969-06-01", "-100"],
      ["1970-06-01", "110"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "a thousand years",
    [
      ["1000-01-01", "-1"],
      ["2000-01-01", "2"],
    ],
    { verdict: "unique", rate: "0.000692927883" },
  ],
  [
    "from year 1 to 9999",
    [
      ["0001-01-01", "-1"],
      ["9999-12-31", "2"],
    ],
    { verdict: "unique", rate: "0.000069278058" },
  ],
  [
    "ten years of −90 %",
    [
      ["2010-01-01", "-10000000000"],
      ["2019-12-30", "1"],
    ],
    { verdict: "unique", rate: "-0.9" },
  ],
  [
    "beyond the range above",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "12"],
    ],
    { verdict: "outside_range", rate: "11", reason: null },
  ],
  [
    "beyond the range below",
    [
      ["2021-01-01", "-1000"],
      ["2022-01-01", "1"],
    ],
    { verdict: "outside_range", rate: "-0.999" },
  ],
  [
    "at the upper end, which is not in the range",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "11"],
    ],
    { verdict: "outside_range", rate: "10" },
  ],
  [
    "at the lower end, which is not in the range",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "1"],
    ],
    { verdict: "outside_range", rate: "-0.99" },
  ],
  [
    "a doubling in a day",
    [
      ["2021-01-01", "-1"],
      ["2021-01-02", "2"],
    ],
    { verdict: "unique", rate: "1", yearlyRate: null },
  ],
  [
    "nearly all lost in a day",
    [
      ["2021-01-01", "-1"],
      ["2021-01-02", "0.05"],
    ],
    { verdict: "unique", rate: "-0.95", yearlyRate: null },
  ],
  [
    "a rate no double could hold",
    [
      ["2021-01-01", "-0.000000000000000001"],
      ["2021-01-02", "90000000000000000000000000000000000000"],
      ["2022-06-01", "1"],
    ],
    { verdict: "outside_range", rate: null, reason: "not_representable" },
  ],
  [
    "two rates, 10 % and 30 %",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "240"],
      ["2023-01-01", "-143"],
    ],
    {
      verdict: "ambiguous",
      ambiguous: true,
      rate: "0.1",
      signChanges: 2,
      roots: [
        { rate: "0.1", yearlyRate: "0.1" },
        { rate: "0.3", yearlyRate: "0.3" },
      ],
    },
  ],
  [
    "three rates, 0 %, 100 % and 200 %",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "6"],
      ["2023-01-01", "-11"],
      ["2024-01-01", "6"],
    ],
    // 2024 is no leap year yet on its first day: every step is 365 days
    {
      verdict: "ambiguous",
      rate: "0",
      roots: [
        { rate: "0", yearlyRate: "0" },
        { rate: "1", yearlyRate: "1" },
        { rate: "2", yearlyRate: "2" },
      ],
    },
  ],
  [
    "two sign changes and no rate",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "150"],
      ["2023-01-01", "-100"],
    ],
    { verdict: "no_root", reason: "no_root_in_range", signChanges: 2, rate: null, roots: [] },
  ],
  [
    "a rate that only touches",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "2.2"],
      ["2023-01-01", "-1.21"],
    ],
    { verdict: "non_conventional", rate: "0.1", signChanges: 2 },
  ],
  [
    "nearly touching from below",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "2.2"],
      ["2023-01-01", "-1.210000000000000001"],
    ],
    { verdict: "no_root", rate: null },
  ],
  [
    "nearly touching from above",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "2.200000000000000001"],
      ["2023-01-01", "-1.21"],
    ],
    { verdict: "ambiguous", signChanges: 2 },
  ],
  [
    "several changes, one rate",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "10"],
      ["2023-01-01", "-50"],
      ["2024-01-01", "170"],
    ],
    { verdict: "non_conventional", rate: "0.084458000573", signChanges: 3 },
  ],
];
