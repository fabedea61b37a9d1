/**
 * The world of the stories, as data: who lives in it, what can be wanted, where one can go, what stands in the way and
 * who can help. Plots pick from these tables and never invent a name, so a later exercise can ask about anything here.
 */

const words = (list: string): readonly string[] => list.split(' ');

/** Which pronouns a character takes. */
export type Gender = 'she' | 'he' | 'they' | 'it';

/** A sort of hero: the noun, where such a one lives, and which genders it comes in. */
export interface Kind {
  readonly noun: string;
  readonly home: string;
  readonly genders: readonly Gender[];
}

/** A place, with the phrases for being there and for going there, and something to be seen there. */
export interface Place {
  readonly name: string;
  readonly at: string;
  readonly to: string;
  readonly sight: string;
}

/** A way past an obstacle: which helper knows it, what the helper offers, what the helper then does. */
export interface Solution {
  readonly helper: string;
  readonly offer: string;
  readonly deed: string;
}

/** Something in the way: where the wanted thing is, what the hero tries alone (in vain), and who can solve it. */
export interface Obstacle {
  readonly name: string;
  readonly where: string;
  readonly attempts: readonly { readonly deed: string; readonly fail: string }[];
  readonly solutions: readonly Solution[];
}

/** A skill to be learned: the verb phrase, its past, what goes wrong at first, the advice that helps, the teacher. */
export interface Skill {
  readonly verb: string;
  readonly past: string;
  readonly fail: string;
  readonly advice: string;
  readonly teacher: string;
}

export const names: Readonly<Record<Gender, readonly string[]>> = {
  she: words(
    'Lily Mia Anna Ruby Rosa Ella Nora Daisy Luna Ivy Zoe Maya Emma Clara Poppy Hazel Alice Sara June Olive Amy Lucy Molly Nina Tina Ada Bella Eva Greta Heidi Ida Jane Kate Lola Pia Vera Wendy Flora Stella Mary',
  ),
  he: words(
    'Ben Tom Max Leo Sam Jack Finn Oscar Theo Hugo Otis Milo Felix Noah Toby Eli Peter Adam Henry Louis Tim Paul Nick Bruno Carl Dan Emil Fred George Harry Ian John Karl Luke Mark Ned Owen Rory Simon Will',
  ),
  they: words('Robin Sky Kit Sage Quinn Ash Remy Jules'),
  it: words('Bolt Cog Button Dot Spark Tik Zip Beep'),
};

/** Parts of made-up names ("Zarina", "Boruk"): a few heroes have one, so that a reader must look back at the name. */
export const nameParts: {
  readonly first: readonly string[];
  readonly middle: readonly string[];
  readonly last: Readonly<Record<Gender, readonly string[]>>;
} = {
  first: words(
    'Ba Be Bo Da De Do Fa Fe Fi Ga Ge Ha Ja Ji Ka Ke Ko La Le Lo Ma Me Na Ne Pa Pe Ra Re Ri Sa Se Ta Te Va Vi Ya Za Ze',
  ),
  middle: words('r l n m d t k s v z lla nni rri tti ssa'),
  last: { she: ['a', 'ia', 'ina', 'ie'], he: ['o', 'us', 'ek', 'uk'], they: ['i', 'y'], it: ['ix', 'ox'] },
};

export const kinds: readonly Kind[] = [
  { noun: 'girl', home: 'a house with a blue door', genders: ['she'] },
  { noun: 'boy', home: 'a house with a red roof', genders: ['he'] },
  { noun: 'child', home: 'a house by the road', genders: ['they'] },
  { noun: 'rabbit', home: 'a warm burrow', genders: ['she', 'he'] },
  { noun: 'fox', home: 'a cozy den', genders: ['she', 'he'] },
  { noun: 'mouse', home: 'a tiny hole under an oak tree', genders: ['she', 'he'] },
  { noun: 'kitten', home: 'a basket by the fire', genders: ['she', 'he'] },
  { noun: 'puppy', home: 'a kennel behind the farm', genders: ['she', 'he'] },
  { noun: 'lamb', home: 'a barn full of hay', genders: ['she', 'he'] },
  { noun: 'panda', home: 'a hut of green bamboo', genders: ['she', 'he'] },
  { noun: 'raccoon', home: 'an old hollow tree', genders: ['she', 'he'] },
  { noun: 'cat', home: 'a boat on the canal', genders: ['she', 'he'] },
  { noun: 'dog', home: 'a yard behind the mill', genders: ['she', 'he'] },
  { noun: 'pony', home: 'a stable by the church', genders: ['she', 'he'] },
  { noun: 'wolf', home: 'a den in the hills', genders: ['she', 'he'] },
  { noun: 'princess', home: 'a castle with three towers', genders: ['she'] },
  { noun: 'prince', home: 'a castle on a rock', genders: ['he'] },
  { noun: 'robot', home: 'a workshop full of tools', genders: ['it'] },
];

export const traits: readonly string[] = words(
  'little small shy curious kind clever quiet cheerful gentle young eager brave',
);

export const colours: readonly string[] = words('red blue green yellow orange purple white silver golden');

/** Things small enough to carry, lose, break, fix and give away; each is used with a colour. */
export const things: readonly string[] = words(
  'kite ball hat scarf drum bell key boat book lantern flute basket umbrella cup doll ring',
);

/** Things that are counted: singular, plural. */
export const countables: readonly (readonly [string, string])[] = [
  ['apple', 'apples'],
  ['nut', 'nuts'],
  ['shell', 'shells'],
  ['berry', 'berries'],
  ['pear', 'pears'],
  ['egg', 'eggs'],
  ['flower', 'flowers'],
  ['stone', 'stones'],
  ['feather', 'feathers'],
  ['cookie', 'cookies'],
];

export const places: readonly Place[] = [
  { name: 'forest', at: 'in the forest', to: 'into the forest', sight: 'tall trees' },
  { name: 'meadow', at: 'in the meadow', to: 'to the meadow', sight: 'wild flowers' },
  { name: 'beach', at: 'at the beach', to: 'to the beach', sight: 'white shells' },
  { name: 'garden', at: 'in the garden', to: 'into the garden', sight: 'pink roses' },
  { name: 'hill', at: 'on the hill', to: 'up the hill', sight: 'round stones' },
  { name: 'village', at: 'in the village', to: 'to the village', sight: 'busy shops' },
  { name: 'lake', at: 'by the lake', to: 'to the lake', sight: 'silver fish' },
  { name: 'farm', at: 'on the farm', to: 'to the farm', sight: 'brown hens' },
  { name: 'park', at: 'in the park', to: 'to the park', sight: 'green benches' },
  { name: 'market', at: 'at the market', to: 'to the market', sight: 'bright stalls' },
  { name: 'orchard', at: 'in the orchard', to: 'into the orchard', sight: 'apple trees' },
  { name: 'valley', at: 'in the valley', to: 'down to the valley', sight: 'grey sheep' },
];

export const obstacles: readonly Obstacle[] = [
  {
    name: 'river',
    where: 'on the other side of a wide river',
    attempts: [
      { deed: 'tried to jump over the river', fail: 'it was much too wide' },
      { deed: 'put one foot in the river', fail: 'the water was cold and fast' },
      { deed: 'laid a stick across the river', fail: 'the stick broke' },
    ],
    solutions: [
      { helper: 'beaver', offer: 'I can build a bridge', deed: 'built a bridge of sticks across the river' },
      { helper: 'turtle', offer: 'You can ride on my shell', deed: 'swam across the river with a passenger' },
      { helper: 'goose', offer: 'I can pull a raft', deed: 'pulled a raft across the river' },
    ],
  },
  {
    name: 'tree',
    where: 'at the top of a tall tree',
    attempts: [
      { deed: 'tried to climb the tree', fail: 'the first branch was too high' },
      { deed: 'shook the tree', fail: 'nothing fell down' },
      { deed: 'jumped as high as possible', fail: 'it was not high enough' },
    ],
    solutions: [
      { helper: 'squirrel', offer: 'I can climb any tree', deed: 'ran up the tree and down again' },
      { helper: 'crow', offer: 'I can fly up there', deed: 'flew to the top of the tree and back' },
      {
        helper: 'monkey',
        offer: 'I can swing from branch to branch',
        deed: 'swung from branch to branch to the top of the tree',
      },
    ],
  },
  {
    name: 'well',
    where: 'at the bottom of a deep well',
    attempts: [
      { deed: 'reached down into the well', fail: 'it was far too deep' },
      { deed: 'let down a bucket', fail: 'the bucket came up empty' },
      { deed: 'called down into the well', fail: 'only an echo came back' },
    ],
    solutions: [
      { helper: 'frog', offer: 'I can dive to the bottom', deed: 'dived to the bottom of the well' },
      {
        helper: 'spider',
        offer: 'I can spin a long rope',
        deed: 'spun a long rope that reached the bottom of the well',
      },
      {
        helper: 'duck',
        offer: 'I do not mind the cold water',
        deed: 'splashed down into the well and up again',
      },
    ],
  },
  {
    name: 'wall',
    where: 'behind a high wall',
    attempts: [
      { deed: 'tried to look over the wall', fail: 'it was too high' },
      { deed: 'pushed hard against the wall', fail: 'it did not move' },
      { deed: 'looked for a door in the wall', fail: 'there was no door' },
    ],
    solutions: [
      { helper: 'mole', offer: 'I can dig a tunnel', deed: 'dug a tunnel under the wall' },
      { helper: 'goat', offer: 'I can jump over it', deed: 'jumped over the wall and back' },
      {
        helper: 'horse',
        offer: 'You can stand on my back',
        deed: 'stood very still beside the wall like a ladder',
      },
    ],
  },
  {
    name: 'cave',
    where: 'inside a dark cave',
    attempts: [
      { deed: 'took three steps into the cave', fail: 'it was too dark to see' },
      { deed: 'lit a candle at the cave', fail: 'the wind blew it out' },
      { deed: 'shouted into the cave', fail: 'a strange sound came back' },
    ],
    solutions: [
      { helper: 'firefly', offer: 'I can be your light', deed: 'shone like a star and lit up the cave' },
      { helper: 'bat', offer: 'I know every corner in the dark', deed: 'showed the way through the cave' },
      { helper: 'owl', offer: 'I can see in the dark', deed: 'looked into every corner of the cave' },
    ],
  },
  {
    name: 'rock',
    where: 'under a heavy rock',
    attempts: [
      { deed: 'pushed the rock', fail: 'it was too heavy' },
      { deed: 'pulled at the rock', fail: 'it did not move at all' },
      { deed: 'dug around the rock', fail: 'the ground was too hard' },
    ],
    solutions: [
      { helper: 'bear', offer: 'I am strong', deed: 'rolled the rock away with one paw' },
      { helper: 'elephant', offer: 'I can lift it', deed: 'lifted the rock with a long trunk' },
      { helper: 'badger', offer: 'I can dig in hard ground', deed: 'dug a deep hole beside the rock' },
    ],
  },
  {
    name: 'bush',
    where: 'in the middle of a thorny bush',
    attempts: [
      { deed: 'reached into the bush', fail: 'the thorns were too sharp' },
      { deed: 'poked the bush with a stick', fail: 'the branches were too thick' },
      { deed: 'crawled under the bush', fail: 'there was no way through' },
    ],
    solutions: [
      {
        helper: 'hedgehog',
        offer: 'Thorns do not scare me',
        deed: 'walked right into the bush and out again',
      },
      { helper: 'lizard', offer: 'I am thin and quick', deed: 'slipped between the thorns of the bush' },
      { helper: 'donkey', offer: 'I like to eat thorns', deed: 'ate a path into the bush' },
    ],
  },
];

export const skills: readonly Skill[] = [
  {
    verb: 'swim',
    past: 'swam',
    fail: 'got water in both ears',
    advice: 'Kick slowly and breathe',
    teacher: 'otter',
  },
  {
    verb: 'whistle',
    past: 'whistled',
    fail: 'made nothing but a puff of air',
    advice: 'Make your mouth small and round',
    teacher: 'robin',
  },
  {
    verb: 'skate',
    past: 'skated',
    fail: 'fell down on the ice',
    advice: 'Bend your knees',
    teacher: 'penguin',
  },
  {
    verb: 'dance',
    past: 'danced',
    fail: 'stepped on a tail',
    advice: 'Listen to the music first',
    teacher: 'peacock',
  },
  {
    verb: 'paint',
    past: 'painted',
    fail: 'made one big blue spot',
    advice: 'Look for a long time before you start',
    teacher: 'hen',
  },
  {
    verb: 'juggle',
    past: 'juggled',
    fail: 'dropped every ball',
    advice: 'Begin with only one ball',
    teacher: 'seal',
  },
  {
    verb: 'sing',
    past: 'sang',
    fail: 'made a noise like a rusty gate',
    advice: 'Breathe deep into your belly',
    teacher: 'nightingale',
  },
  {
    verb: 'read',
    past: 'read',
    fail: 'mixed up all the letters',
    advice: 'Say one letter at a time',
    teacher: 'owl',
  },
];

/** Who can be met on the way: helpers without a part in an obstacle of their own, used by several plots. */
export const neighbours: readonly string[] = words('hen cow goat duck horse goose donkey owl badger turtle');

export const weathers: readonly string[] = words('sunny windy warm cold cloudy bright foggy quiet');

export const dayTimes: readonly string[] = ['morning', 'afternoon', 'day'];

/** Helpers who are people: never "it". */
export const people: readonly string[] = ['miller', 'baker', 'farmer'];

/** A dish for a feast: what it is called and the one thing that is missing for it. */
export const dishes: readonly { readonly name: string; readonly missing: string; readonly source: string }[] =
  [
    { name: 'honey cake', missing: 'honey', source: 'bee' },
    { name: 'apple pie', missing: 'butter', source: 'cow' },
    { name: 'berry pudding', missing: 'cream', source: 'goat' },
    { name: 'carrot soup', missing: 'salt', source: 'miller' },
    { name: 'egg pancake', missing: 'milk', source: 'cow' },
    { name: 'nut bread', missing: 'flour', source: 'miller' },
    { name: 'plum cake', missing: 'sugar', source: 'baker' },
    { name: 'onion pie', missing: 'cheese', source: 'farmer' },
  ];

/** The young one that can be found lost, its mother, and how it cries. */
export const younglings: readonly {
  readonly young: string;
  readonly mother: string;
  readonly home: string;
}[] = [
  { young: 'duckling', mother: 'duck', home: 'pond' },
  { young: 'chick', mother: 'hen', home: 'henhouse' },
  { young: 'calf', mother: 'cow', home: 'barn' },
  { young: 'foal', mother: 'horse', home: 'stable' },
  { young: 'piglet', mother: 'pig', home: 'sty' },
  { young: 'owlet', mother: 'owl', home: 'hollow oak' },
  { young: 'bear cub', mother: 'bear', home: 'cave' },
  { young: 'gosling', mother: 'goose', home: 'river' },
];

export const numbers: readonly string[] = words(
  'zero one two three four five six seven eight nine ten eleven twelve',
);
