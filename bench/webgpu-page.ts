// What `bench webgpu` runs in a page: the time to record a token there.
import { chooseBackend } from '@ashlar/core';
import { timeRecords } from './webgpu-models.ts';

Object.assign(globalThis, {
  async recordTimes() {
    const { device } = await chooseBackend('webgpu', { allowSoftwareGpu: true });
    return { device, ...(await timeRecords(40)) };
  },
});
