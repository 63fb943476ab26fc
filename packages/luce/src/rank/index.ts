export { connectedComponents } from "./components.ts";
export { elo } from "./elo.ts";
export { displayRating, type FitOptions, type RatingFit, type RatingMethod } from "./rating.ts";
