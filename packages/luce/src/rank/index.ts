export { connectedComponents } from "./components.ts";
export { elo } from "./elo.ts";
export { countMeetings, type GroupSelection, kSortArena, selectGroup, updateKSort } from "./k-sort-arena.ts";
export { displayRating, type FitOptions, type RatingFit, type RatingMethod } from "./rating.ts";
export { type TrueSkillUpdate, trueskill, updateTrueSkill } from "./trueskill.ts";
