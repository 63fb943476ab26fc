export type { Cell, Column, Finding, Plot, Provenance, Report, Table } from "./report.ts";
