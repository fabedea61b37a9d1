export { type FileJournal, fileJournal, fileStore } from './file-journal.ts';
export { type FileToolsOptions, fileTools } from './files.ts';
export { type Jail, JailError, openJail } from './jail.ts';
