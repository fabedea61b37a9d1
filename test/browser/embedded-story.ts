/** What the embedded model goes on with after "Once upon a time", greedily, in 12 tokens: on every backend, in Node and in a page. */
export const embeddedStory = ', a curious pony named Noah lived in a stable by the';
