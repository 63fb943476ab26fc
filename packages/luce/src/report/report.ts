/** What an audit, a rating, a recipe or a training run has to say, before anything decides how to show it. */
export type Report = {
  readonly title: string;
  /** One paragraph of plain text. */
  readonly summary?: string;
  /** What matters, in words, the most important first. */
  readonly findings: readonly Finding[];
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  readonly provenance: Provenance;
};

export type Finding = {
  /** `problem`: results are not to be trusted as they are; `caution`: read them with care; `note`: worth knowing. */
  readonly severity: "problem" | "caution" | "note";
  /** One sentence with its numbers. */
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
};

export type Cell = string | number | boolean | null;

export type Table = {
  /** Lower case with hyphens, unique in the report: it names the anchor in HTML and the file in CSV. */
  readonly id: string;
  readonly title: string;
  readonly caption?: string;
  /** The most important first: a narrow terminal leaves out the last ones. */
  readonly columns: readonly Column[];
  readonly rows: readonly Readonly<Record<string, Cell>>[];
};

export type Column = {
  readonly key: string;
  readonly label: string;
  /** How cells are shown: `text` on one line, `prose` over several where it is long; numbers as `integer`, `decimal` (with `digits`), `percent` (0.5 is 50%), `probability`. */
  readonly format?: "text" | "prose" | "integer" | "decimal" | "percent" | "probability";
  /** Digits after the point, for `decimal` and `percent`. */
  readonly digits?: number;
};

/** Plots are data; the renderers choose the marks. Values that are not finite are left out. */
export type Plot = { readonly id: string; readonly title: string; readonly caption?: string } & (
  | {
      /** Estimates with intervals, one a line. */
      readonly kind: "intervals";
      readonly x: string;
      /** Id of a table with one row a point, in this order: where there is room, intervals are drawn in its rows. */
      readonly beside?: string;
      readonly points: readonly {
        readonly label: string;
        readonly value: number;
        readonly lower: number | null;
        readonly upper: number | null;
        /** A known truth to show beside the estimate. */
        readonly truth?: number;
      }[];
    }
  | {
      /** A heat map; null cells are left empty. */
      readonly kind: "matrix";
      readonly rows: readonly string[];
      readonly columns: readonly string[];
      readonly values: readonly (readonly (number | null)[])[];
      readonly label: string;
      /** The value at the middle of a diverging scale, such as 0.5 for win probabilities. */
      readonly midpoint?: number;
      /** How values are shown, as for columns. */
      readonly format?: Column["format"];
      readonly digits?: number;
    }
  | {
      readonly kind: "lines";
      readonly x: string;
      readonly y: string;
      /** Which axes are logarithmic; values of 0 and below are left out there. */
      readonly logarithmic?: "x" | "y" | "both";
      readonly series: readonly {
        readonly name: string;
        readonly points: readonly {
          readonly x: number;
          readonly y: number;
          readonly lower?: number;
          readonly upper?: number;
        }[];
      }[];
    }
  | {
      readonly kind: "bars";
      readonly x: string;
      readonly bars: readonly {
        readonly label: string;
        readonly value: number;
        readonly lower?: number;
        readonly upper?: number;
      }[];
    }
  | {
      readonly kind: "scatter";
      readonly x: string;
      readonly y: string;
      /** Draws y = x. */
      readonly diagonal?: boolean;
      readonly points: readonly { readonly x: number; readonly y: number; readonly label?: string }[];
    }
);

/** Enough to run it again and get the same. */
export type Provenance = {
  readonly luce: string;
  readonly command?: string;
  readonly seed?: number;
  readonly inputs: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
  /** ISO 8601. */
  readonly createdAt?: string;
};
