// @ashlar/core/hub: repositories on the Hugging Face hub. Needs the optional peer @huggingface/hub.
export { type HubOptions, type HubProgress, hubFolder, parseHubId } from './weights/hub/hub-folder.ts';
export type { HubId } from './weights/hub/hub-id.ts';
