/* What the pages of test calls show. Times are ISO 8601 texts; durations and levels are written out already. */

/** A state as colour, shape and word. */
export interface BadgeView {
  readonly kind: 'waiting' | 'active' | 'good' | 'bad' | 'fault' | 'over';
  readonly word: string;
}

export interface FaultView {
  /** As in `scripts[3].steps[1].dtmf`; empty where it is of no field. */
  readonly field: string;
  readonly sentence: string;
}

/** What was typed, or is stored. */
export interface ProjectFormView {
  readonly name: string;
  /** JSON. */
  readonly scripts: string;
  readonly parallel: string;
  readonly schedule: string;
  readonly timeZone: string;
}

export interface JobRowView {
  readonly id: number;
  readonly address: string;
  readonly badge: BadgeView;
  readonly origin: string;
  readonly started_at: string | null;
  readonly passed: number;
  readonly failed: number;
  readonly total: number;
}

export interface RunRowView {
  readonly id: number;
  readonly name: string;
  readonly number: string;
  readonly badge: BadgeView;
  readonly took: string;
  readonly retries: number;
}

/** What of a job changes while it runs, as its page and the module that watches it show it. */
export interface JobProgressView {
  readonly version: number;
  readonly over: boolean;
  readonly badge: BadgeView;
  readonly completed: number;
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly runs: readonly RunRowView[];
}

/** A name with what it is. */
export interface FactView {
  readonly label: string;
  readonly value: string;
  readonly meaning?: string;
}

export interface SoundView {
  readonly name: string;
  readonly seconds: string;
  readonly kilobytes: string;
  readonly changed_at: string;
}

export interface LegView {
  readonly role: string;
  readonly address: string;
  readonly state: string;
  readonly cause: string;
}

/** A moment of a call. `x` is its place on the plot, in 0 to 1000. */
export interface MomentView {
  readonly at: string;
  readonly what: string;
  readonly badge: BadgeView | null;
}

interface Bar {
  readonly kind: 'ringing' | 'talking' | 'step';
  readonly x: number;
  readonly width: number;
  readonly what: string;
}

export interface ProjectPageData {
  readonly projects: {
    readonly projects: readonly {
      readonly id: number;
      readonly name: string;
      readonly owner: string | undefined;
      readonly total_scripts: number;
      readonly schedule: string | null;
      readonly next_run: string | null;
      readonly last_job: { readonly address: string; readonly badge: BadgeView } | null;
    }[];
    readonly notice: string | undefined;
    readonly formId: string;
    readonly publicUrl: string;
  };
  readonly project: {
    readonly title: string;
    /** Undefined: it is not made yet. */
    readonly id: number | undefined;
    readonly form: ProjectFormView;
    readonly faults: readonly FaultView[];
    readonly timeZones: readonly string[];
    readonly nextRuns: readonly string[];
    readonly jobs: readonly JobRowView[];
    readonly sounds: readonly string[];
    readonly notice: string | undefined;
    readonly formId: string;
    readonly reload?: string;
  };
  readonly sounds: {
    readonly sounds: readonly SoundView[];
    readonly fault: string | undefined;
    readonly typed: string;
    readonly notice: string | undefined;
    readonly reload?: string;
  };
  readonly job: {
    readonly id: number;
    readonly projectId: number;
    readonly projectName: string;
    readonly address: string;
    readonly origin: string;
    readonly created_at: string;
    readonly progress: JobProgressView;
    readonly formId: string;
  };
  readonly 'test-run': {
    readonly id: number;
    readonly jobId: number;
    readonly jobAddress: string;
    readonly projectId: number;
    readonly projectName: string;
    readonly name: string;
    readonly number: string;
    readonly badge: BadgeView;
    readonly reason: string | null;
    readonly facts: readonly FactView[];
    readonly moments: readonly MomentView[];
    readonly bars: readonly Bar[];
    readonly expectations: readonly {
      readonly name: string;
      readonly expected: string;
      readonly seen: string;
      readonly badge: BadgeView;
    }[];
    readonly heard: readonly FactView[];
    /** The points of a line in a field of 1000 to 127; undefined where nothing was heard. */
    readonly levels: { readonly points: string; readonly seconds: string; readonly loudest: string } | undefined;
    readonly call: { readonly token: string; readonly state: string; readonly legs: readonly LegView[] } | undefined;
  };
}
