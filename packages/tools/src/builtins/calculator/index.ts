export { calculate, calculator } from './calculator.ts';
