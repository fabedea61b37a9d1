// For every format: replies as published chat templates render them (six conversations each, as far as the format can say them), and what
// they mean. Used by the tests of this folder; nothing here is imported by the library.
import type { JsonObject } from '../json.ts';

/** One reply and its meaning. */
export interface Fixture {
  readonly format: string;
  readonly text: string;
  readonly promptTail?: string;
  readonly content?: string;
  readonly reasoning?: string;
  readonly calls: readonly { readonly name: string; readonly arguments: JsonObject; readonly id?: string }[];
}

/** The tools of the fixtures. */
export const fixtureTools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['c', 'f'] } },
        required: ['city'],
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'search',
      parameters: {
        type: 'object',
        properties: {
          query: { type: 'string' },
          limit: { type: 'integer' },
          filters: { type: 'object' },
          exact: { type: 'boolean' },
        },
        required: ['query'],
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'write_file',
      parameters: {
        type: 'object',
        properties: { path: { type: 'string' }, text: { type: 'string' } },
        required: ['path'],
      },
    },
  },
  {
    type: 'function',
    function: { name: 'now', parameters: { type: 'object', properties: {}, required: [] } },
  },
] as const;

const paris = { name: 'get_weather', arguments: { city: 'Paris', unit: 'c' } };
const oslo = { name: 'get_weather', arguments: { city: 'Oslo', unit: 'f' } };
const file = {
  name: 'write_file',
  arguments: { path: 'a/b.txt', text: 'line one\n\tline "two"\\n {not json}\n' },
};
const search = {
  name: 'search',
  arguments: {
    query: 'stone "ashlar" masonry',
    limit: 3,
    filters: { year: { from: 1990 }, tags: ['a', 'b'] },
  },
};
const now = { name: 'now', arguments: {} };
const parisJson = '{"city": "Paris", "unit": "c"}';
const osloJson = '{"city": "Oslo", "unit": "f"}';
const fileJson = '{"path": "a/b.txt", "text": "line one\\n\\tline \\"two\\"\\\\n {not json}\\n"}';
const searchJson =
  '{"query": "stone \\"ashlar\\" masonry", "limit": 3, "filters": {"year": {"from": 1990}, "tags": ["a", "b"]}}';

export const fixtures: readonly Fixture[] = [
  // hermes: NousResearch/Hermes-3, Qwen 3 with thinking, the prompt's own <think>
  {
    format: 'hermes',
    text: `<tool_call>\n{"name": "get_weather", "arguments": ${parisJson}}\n</tool_call><tool_call>\n{"arguments": ${osloJson}, "name": "get_weather"}\n</tool_call>`,
    calls: [paris, oslo],
  },
  {
    format: 'hermes',
    text: `Weather?\n</think>\n\nLet me see.\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>`,
    promptTail: 'assistant\n<think>\n',
    reasoning: 'Weather?\n',
    content: '\n\nLet me see.\n',
    calls: [now],
  },
  {
    format: 'hermes',
    text: '<think>a <tool_call> in thought</think>No call.',
    reasoning: 'a <tool_call> in thought',
    content: 'No call.',
    calls: [],
  },
  {
    format: 'hermes',
    text: '<tool_call>\n{"name": "write_file", "arguments": {"path": "x", "text": "</tool_call> is a mark"}}\n</tool_call>',
    calls: [{ name: 'write_file', arguments: { path: 'x', text: '</tool_call> is a mark' } }],
  },
  { format: 'hermes', text: 'if a <tool or b < c', content: 'if a <tool or b < c', calls: [] },
  // llama 3.1: single JSON calls, built-in calls, code
  { format: 'llama-3.1', text: `{"name": "get_weather", "parameters": ${parisJson}}`, calls: [paris] },
  { format: 'llama-3.1', text: `{"name": "write_file", "parameters": ${fileJson}}`, calls: [file] },
  {
    format: 'llama-3.1',
    text: `{"type": "function", "name": "search", "parameters": ${searchJson}}`,
    calls: [search],
  },
  {
    format: 'llama-3.1',
    text: `<|python_tag|>{"name": "get_weather", "parameters": ${parisJson}}; {"name": "get_weather", "parameters": ${osloJson}}`,
    calls: [paris, oslo],
  },
  {
    format: 'llama-3.1',
    text: '<|python_tag|>search.call(query="what is truth")',
    calls: [{ name: 'search', arguments: { query: 'what is truth' } }],
  },
  {
    format: 'llama-3.1',
    text: '{"colour": "red", "n": 1} is a JSON example.',
    content: '{"colour": "red", "n": 1} is a JSON example.',
    calls: [],
  },
  {
    format: 'llama-3.1',
    text: 'Nothing to call {"name": "now", "parameters": {}}',
    content: 'Nothing to call {"name": "now", "parameters": {}}',
    calls: [],
  },
  // pythonic: Llama 3.2 (values printed bare), Llama 4 (everything quoted), LFM2 (marks around it)
  {
    format: 'llama-pythonic',
    text: '[get_weather(city="Paris", unit="c"), get_weather(city=\'Oslo\', unit=\'f\')]',
    calls: [paris, oslo],
  },
  {
    format: 'llama-pythonic',
    text: '[get_weather(city=Paris, unit=c), get_weather(city=Oslo, unit=f)]',
    calls: [paris, oslo],
  },
  {
    format: 'llama-pythonic',
    text: `[search(query=stone "ashlar" masonry, limit=3, filters={'year': {'from': 1990}, 'tags': ['a', 'b']})]`,
    calls: [search],
  },
  {
    format: 'llama-pythonic',
    text: `I will look it up.[search(query="stone "ashlar" masonry", limit="3", filters="{'year': {'from': 1990}, 'tags': ['a', 'b']}")]`,
    content: 'I will look it up.',
    calls: [search],
  },
  {
    format: 'llama-pythonic',
    text: '[write_file(path=a/b.txt, text=line one\n\tline "two"\\n {not json}\n)]',
    calls: [file],
  },
  { format: 'llama-pythonic', text: '[now()]', calls: [now] },
  {
    format: 'llama-pythonic',
    text: '<|tool_call_start|>[search(query="a", exact=True)]<|tool_call_end|>',
    calls: [{ name: 'search', arguments: { query: 'a', exact: true } }],
  },
  {
    format: 'llama-pythonic',
    text: 'See [the list](x) and [1].',
    content: 'See [the list](x) and [1].',
    calls: [],
  },
  // mistral
  {
    format: 'mistral-nemo',
    text: `Fine.[TOOL_CALLS] [{"name": "get_weather", "arguments": ${parisJson}, "id": "abcdef123"}]`,
    content: 'Fine.',
    calls: [{ ...paris, id: 'abcdef123' }],
  },
  {
    format: 'mistral-v11',
    text: `I will look it up.[TOOL_CALLS]search[CALL_ID]call00000[ARGS]${searchJson}`,
    content: 'I will look it up.',
    calls: [{ ...search, id: 'call00000' }],
  },
  { format: 'mistral-v11', text: `[TOOL_CALLS]get_weather${parisJson}`, calls: [paris] },
  {
    format: 'mistral-v13',
    text: `[THINK]hm[/THINK]Looking.[TOOL_CALLS]get_weather[ARGS]${parisJson}[TOOL_CALLS]get_weather[ARGS]${osloJson}`,
    reasoning: 'hm',
    content: 'Looking.',
    calls: [paris, oslo],
  },
  { format: 'mistral-v13', text: `[TOOL_CALLS]write_file[ARGS]${fileJson}`, calls: [file] },
  { format: 'mistral-v13', text: '[TOOL_CALLS]now[ARGS]{}', calls: [now] },
  // deepseek
  {
    format: 'deepseek-r1',
    text: `Hm.\n</think>\n\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n\`\`\`json\n${parisJson}\n\`\`\`<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>write_file\n\`\`\`json\n${fileJson}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    promptTail: '<｜Assistant｜><think>\n',
    reasoning: 'Hm.\n',
    calls: [paris, file],
  },
  {
    format: 'deepseek-v3.1',
    text: `I will look it up.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>${searchJson}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    promptTail: '<｜Assistant｜></think>',
    content: 'I will look it up.',
    calls: [search],
  },
  {
    format: 'deepseek-v3.1',
    text: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>${parisJson}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>${osloJson}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    calls: [paris, oslo],
  },
  // harmony: recipient in the role part (the template), in the channel part (the model), preamble, builtin code
  {
    format: 'harmony',
    text: ` to=functions.get_weather<|channel|>commentary json<|message|>${parisJson}`,
    promptTail: '<|end|><|start|>assistant',
    calls: [paris],
  },
  {
    format: 'harmony',
    text: `<|channel|>analysis<|message|>Need it.<|end|><|start|>assistant<|channel|>commentary to=functions.search <|constrain|>json<|message|>${searchJson}<|call|>`,
    promptTail: '<|start|>assistant',
    reasoning: 'Need it.',
    calls: [search],
  },
  {
    format: 'harmony',
    text: `<|channel|>commentary<|message|>Looking.<|end|><|start|>assistant to=functions.write_file<|channel|>commentary json<|message|>${fileJson}`,
    promptTail: '<|start|>assistant',
    content: 'Looking.',
    calls: [file],
  },
  {
    format: 'harmony',
    text: '<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>final<|message|>Paris is mild.<|return|>',
    promptTail: '<|start|>assistant',
    reasoning: 'Think.',
    content: 'Paris is mild.',
    calls: [],
  },
  {
    format: 'harmony',
    text: '<|channel|>commentary to=functions.now <|constrain|>json<|message|>{}',
    promptTail: '<|start|>assistant',
    calls: [now],
  },
  // qwen3-coder
  {
    format: 'qwen3-coder',
    text: '<think>\n\n</think>\n\nI will look it up.\n\n<tool_call>\n<function=search>\n<parameter=query>\nstone "ashlar" masonry\n</parameter>\n<parameter=limit>\n3\n</parameter>\n<parameter=filters>\n{"year": {"from": 1990}, "tags": ["a", "b"]}\n</parameter>\n</function>\n</tool_call>',
    reasoning: '\n\n',
    content: '\n\nI will look it up.\n\n',
    calls: [search],
  },
  {
    format: 'qwen3-coder',
    text: '<tool_call>\n<function=write_file>\n<parameter=path>\na/b.txt\n</parameter>\n<parameter=text>\nline one\n\tline "two"\\n {not json}\n\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n</tool_call>',
    calls: [file, now],
  },
  {
    format: 'qwen3-coder',
    text: '<tool_call>\n<function=write_file>\n<parameter=path>\nx\n</parameter>\n<parameter=text>\na</parameter>b\n</parameter>\n</function>\n</tool_call>',
    calls: [{ name: 'write_file', arguments: { path: 'x', text: 'a</parameter>b' } }],
  },
  {
    format: 'qwen3-coder',
    text: '<function=search>\n<parameter=query>\n12\n</parameter>\n<parameter=exact>\nTrue\n</parameter>\n</function>',
    calls: [{ name: 'search', arguments: { query: '12', exact: true } }],
  },
  // glm 4.5 with line breaks, 4.7 without, no arguments in one piece
  {
    format: 'glm-4.5',
    text: '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value><arg_key>unit</arg_key><arg_value>c</arg_value></tool_call>',
    calls: [paris],
  },
  {
    format: 'glm-4.5',
    text: '\n<think>Hm.</think>\n<tool_call>now</tool_call>',
    reasoning: 'Hm.',
    content: '\n\n',
    calls: [now],
  },
  // kimi
  {
    format: 'kimi-k2',
    text: `<think>Hm.</think>I will look it up.<|tool_calls_section_begin|><|tool_call_begin|>functions.search:3<|tool_call_argument_begin|>${searchJson}<|tool_call_end|><|tool_calls_section_end|>`,
    reasoning: 'Hm.',
    content: 'I will look it up.',
    calls: [{ ...search, id: 'functions.search:3' }],
  },
  // minimax
  {
    format: 'minimax-m2',
    text: 'Looking.\n<minimax:tool_call>\n<invoke name="search">\n<parameter name="query">stone "ashlar" masonry</parameter>\n<parameter name="limit">3</parameter>\n<parameter name="filters">{"year": {"from": 1990}, "tags": ["a", "b"]}</parameter>\n</invoke>\n<invoke name="now">\n</invoke>\n</minimax:tool_call>',
    content: 'Looking.\n',
    calls: [search, now],
  },
  {
    format: 'minimax-m2',
    text: 'Hm.\n</think>\n\n\n<minimax:tool_call>\n<invoke name="write_file">\n<parameter name="path">a/b.txt</parameter>\n<parameter name="text">line one\n\tline "two"\\n {not json}\n</parameter>\n</invoke>\n</minimax:tool_call>',
    promptTail: ']~b]ai\n<think>\n',
    reasoning: 'Hm.\n',
    calls: [file],
  },
  // seed
  {
    format: 'seed-oss',
    text: '<seed:think>Hm.</seed:think><seed:tool_call>\n<function=get_weather>\n<parameter=city>Paris</parameter>\n<parameter=unit>c</parameter>\n</function>\n</seed:tool_call>',
    reasoning: 'Hm.',
    calls: [paris],
  },
  // gemma 4
  {
    format: 'gemma-4',
    text: '<|tool_call>call:get_weather{city:<|"|>Paris<|"|>,unit:<|"|>c<|"|>}<tool_call|><|tool_call>call:now{}<tool_call|>',
    calls: [paris, now],
  },
  {
    format: 'gemma-4',
    text: '<|channel>thought\nHm.<channel|><|tool_call>call:search{filters:{tags:[<|"|>a<|"|>,<|"|>b<|"|>],year:{from:1990}},limit:3,query:<|"|>stone "ashlar" masonry<|"|>}<tool_call|>I will look it up.',
    reasoning: 'Hm.',
    content: 'I will look it up.',
    calls: [search],
  },
  {
    format: 'gemma-4',
    text: '<|tool_call>call:write_file{path:<|"|>a/b.txt<|"|>,text:<|"|>line one\n\tline "two"\\n {not json}\n<|"|>}<tool_call|>',
    promptTail: '<|channel>thought\n<channel|>',
    calls: [file],
  },
  // granite 3.x, 4.x
  {
    format: 'granite',
    text: `<|tool_call|>[{"name": "get_weather", "arguments": ${parisJson}}, {"name": "get_weather", "arguments": ${osloJson}}]`,
    calls: [paris, oslo],
  },
  {
    format: 'granite',
    text: `I will look it up.\n<tool_call>\n{"name": "search", "arguments": ${searchJson}}\n</tool_call>`,
    content: 'I will look it up.\n',
    calls: [search],
  },
  {
    format: 'granite',
    text: '<think>Hm.</think><response>Mild.</response>',
    reasoning: 'Hm.',
    content: 'Mild.',
    calls: [],
  },
  // functionary
  { format: 'functionary-v3.1', text: '<function=now>{}</function>Done?', content: 'Done?', calls: [now] },
  {
    format: 'functionary-v3.1',
    text: '<|python_tag|>print(1)',
    calls: [{ name: 'python', arguments: { code: 'print(1)' } }],
  },
  {
    format: 'functionary-v3.2',
    text: `all\nI will look it up.>>>search\n${searchJson}`,
    promptTail: 'assistant<|end_header_id|>\n\n>>>',
    content: 'I will look it up.',
    calls: [search],
  },
  {
    format: 'functionary-v3.2',
    text: `>>>get_weather\n${parisJson}>>>get_weather\n${osloJson}`,
    promptTail: 'assistant<|end_header_id|>\n\n',
    calls: [paris, oslo],
  },
  {
    format: 'functionary-v3.2',
    text: `>>>all\nIn Python >>> is a prompt.>>>write_file\n${fileJson}`,
    content: 'In Python >>> is a prompt.',
    calls: [file],
  },
  { format: 'functionary-v3.2', text: 'now\n{}', promptTail: '>>>', calls: [now] },
  // smollm2, smollm3
  {
    format: 'smollm2',
    text: `<tool_call>[\n{"name": "get_weather", "arguments": ${parisJson}},\n{"name": "get_weather", "arguments": ${osloJson}}\n]</tool_call>`,
    calls: [paris, oslo],
  },
  { format: 'smollm2', text: '<tool_call>[]</tool_call>', calls: [] },
  {
    format: 'smollm2',
    text: `<tool_call>[{"name": "write_file", "arguments": ${fileJson}}]</tool_call>`,
    calls: [file],
  },
  {
    format: 'smollm3',
    text: '<think>\nHm.\n</think>\n<code>get_weather(city="Paris", unit="c")</code>',
    reasoning: '\nHm.\n',
    calls: [paris],
  },
  {
    format: 'smollm3',
    text: `<tool_call>{"name": "search", "arguments": ${searchJson}}</tool_call>`,
    calls: [search],
  },
  // phi-4-mini
  {
    format: 'phi-4',
    text: `I will look it up.<|tool_call|>{"name": "search", "arguments": ${searchJson}}<|/tool_call|>`,
    content: 'I will look it up.',
    calls: [search],
  },
  {
    format: 'phi-4',
    text: `<|tool_call|>[{"type":"function","function":{"name":"get_weather","arguments":${parisJson}}}]<|/tool_call|>`,
    calls: [paris],
  },
  { format: 'phi-4', text: `functools[{"name": "write_file", "arguments": ${fileJson}}]`, calls: [file] },
  // special words
  {
    format: 'special-words',
    text: 'Hm, |SEARCH| ashlar masonry | says so, and |NOW| | too.',
    content: 'Hm,  says so, and  too.',
    calls: [{ name: 'search', arguments: { query: 'ashlar masonry' } }, now],
  },
  {
    format: 'special-words',
    text: '|GET_WEATHER| {"city": "Par|is", "unit": "c"} |',
    calls: [{ name: 'get_weather', arguments: { city: 'Par|is', unit: 'c' } }],
  },
  {
    format: 'special-words',
    text: 'a | b, |x|, |Search| no.',
    content: 'a | b, |x|, |Search| no.',
    calls: [],
  },
];
