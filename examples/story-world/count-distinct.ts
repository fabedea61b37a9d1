/**
 * A lower bound of the number of distinct stories: the choices of one plot (out-of-reach) whose words stand in every
 * wording of it. Two different choices give two different texts, whatever wordings were picked.
 */
import { colours, kinds, names, obstacles, places, things, traits } from './world.ts';

/** heroes x traits x coloured things x places x solutions of obstacles; wordings and helpers' names not counted. */
export function countDistinct(): number {
  const heroes = kinds.reduce(
    (sum, kind) => sum + kind.genders.reduce((of, gender) => of + names[gender].length, 0),
    0,
  );
  const solutions = obstacles.reduce((sum, obstacle) => sum + obstacle.solutions.length, 0);
  return heroes * traits.length * colours.length * things.length * places.length * solutions;
}
