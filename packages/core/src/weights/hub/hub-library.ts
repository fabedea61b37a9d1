/** The optional peer `@huggingface/hub`, or an error that says how to install it. */
export async function hubLibrary(): Promise<typeof import('@huggingface/hub')> {
  try {
    return await import('@huggingface/hub');
  } catch (cause) {
    throw new TypeError('hf: expected the optional peer @huggingface/hub: npm install @huggingface/hub', {
      cause,
    });
  }
}
