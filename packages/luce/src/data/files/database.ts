import type { DuckDBConnection } from "@duckdb/node-api";
import { makeTemporaryFolder, removeTemporary } from "./temporary.ts";

export type Database = { readonly connection: DuckDBConnection; close(): Promise<void> };

/**
 * An in-memory DuckDB that may touch only `paths`: no network, no other file, no extension fetched.
 *
 * Memory is held to 1.5 GiB; what does not fit is spilled to a temporary folder.
 */
export async function openDatabase(paths: readonly string[]): Promise<Database> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const spill = makeTemporaryFolder();
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    memory_limit: "1536MiB",
    temp_directory: spill,
  });
  const connection = await instance.connect();
  await connection.run(`SET allowed_paths = [${paths.map(literal).join(", ")}]`);
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
  return {
    connection,
    async close() {
      connection.closeSync();
      instance.closeSync();
      await removeTemporary(spill);
    },
  };
}

/** A database that is opened when it is first asked for. */
export type DatabaseOnDemand = {
  connection(): Promise<DuckDBConnection>;
  /** How far the present query is, 0 to 1; null where that is not known: the database knows only of scans. */
  progress(): number | null;
  close(): Promise<void>;
};

export function databaseOnDemand(paths: readonly string[]): DatabaseOnDemand {
  let opening: Promise<Database> | undefined;
  let opened: Database | undefined;
  return {
    async connection() {
      opening ??= openDatabase(paths);
      opened = await opening;
      return opened.connection;
    },
    progress() {
      const percentage = opened?.connection.progress.percentage ?? -1;
      return percentage > 0 ? percentage / 100 : null;
    },
    async close() {
      if (opening) await (await opening).close();
    },
  };
}

/** A string as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as a quoted SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
