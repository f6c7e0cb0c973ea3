import type { ScenarioSource } from '../../sim/share/fragment.ts';

/** A line of text, by its key in the course's labels, and the numbers that go into it. */
export type Label = readonly [key: string, ...values: (number | string)[]];

/** What a part of a bar is; each has a colour and a label of its own. */
export type Part =
  | 'tokens'
  | 'reserved'
  | 'internal'
  | 'external'
  | 'request'
  | 'free'
  | 'weights'
  | 'experts'
  | 'copies'
  | 'working'
  | 'cache';

/** Rows of stacked parts, all on one scale: the longest row fills the width. */
export interface Bars {
  readonly kind: 'bars';
  /** Of the values: counts, shares of the pool in [0, 1], or memory. */
  readonly unit: 'slots' | 'share' | 'gib';
  readonly rows: readonly {
    readonly label: Label;
    readonly parts: readonly { readonly part: Part; readonly value: number }[];
  }[];
}

/** A block, or a token slot. */
export interface Cell {
  readonly state: 'free' | 'used' | 'cached' | 'shared' | 'reserved' | 'returned' | 'index';
  /** Whose it is: colours it; absent where nobody holds it. */
  readonly owner?: number;
  /** Share of it that holds tokens, in [0, 1]; absent: all of it. */
  readonly fill?: number;
  readonly text?: string;
  /** What one should look at. */
  readonly marked?: boolean;
}

/** Moments one below the other, each with rows of cells: the story is told without a click. */
export interface Frames {
  readonly kind: 'frames';
  readonly frames: readonly {
    readonly caption: Label;
    readonly rows: readonly { readonly label: Label; readonly cells: readonly Cell[] }[];
  }[];
}

/** A table of which each column is also drawn, on a scale of its own or all on one. */
export interface Measures {
  readonly kind: 'measures';
  readonly oneScale?: boolean;
  readonly columns: readonly {
    readonly label: Label;
    readonly unit: 'share' | 'count' | 'milliseconds' | 'seconds' | 'per second' | 'gib' | 'kib';
  }[];
  readonly rows: readonly {
    readonly label: Label;
    readonly values: readonly number[];
    readonly marked?: boolean;
  }[];
}

export type Figure = Bars | Frames | Measures;

export type Facts = Readonly<Record<string, number>>;

/** What an experiment comes to: all that a lesson says in numbers. */
export interface Outcome {
  readonly facts: Facts;
  /** One of the lesson's choices, or the number that is asked for. */
  readonly answer: string | number;
  /** What must be seen to predict. */
  readonly before?: Figure;
  readonly figure: Figure;
  /** The same in the playground, or what comes nearest to it. */
  readonly scenario: ScenarioSource;
  /** Other systems or settings, to be compared with it. */
  readonly beside?: readonly ScenarioSource[];
}

/** Runs with the value of the lesson's knob. */
export type Experiment = (knob: number) => Outcome;
