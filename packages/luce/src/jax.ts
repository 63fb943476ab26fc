/**
 * jax-js, as every file of Luce imports it: with the threads it needs in Node already there.
 *
 * It decides how to run when it is first loaded, so no file may import `@jax-js/jax` itself.
 */
import "./worker-threads.ts";

export * from "@jax-js/jax";
