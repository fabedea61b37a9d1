import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

// Projects by what a test needs (as tinygrad does): `pure` needs nothing, `backends` needs a tfjs backend (file name
// *.backend.test.ts), `browser` needs a page (*.browser.test.ts; Debian's chromium with SwiftShader).
const conditions = ['@ashlar/source'];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};
const setupFiles = ['./test/property-seed.ts'];
const everywhere = ['packages/*/src/**', 'test', 'conformance', 'examples', 'scripts'];

export default defineConfig({
  ...shared,
  test: {
    passWithNoTests: false,
    projects: [
      {
        ...shared,
        test: {
          name: 'pure',
          setupFiles,
          include: everywhere.map((d) => `${d}/**/*.test.ts`),
          exclude: ['**/*.backend.test.ts', '**/*.browser.test.ts', '**/node_modules/**', '**/dist/**'],
          testTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'backends',
          setupFiles,
          include: everywhere.map((d) => `${d}/**/*.backend.test.ts`),
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...shared,
        server: {
          headers: {
            'Cross-Origin-Opener-Policy': 'same-origin',
            'Cross-Origin-Embedder-Policy': 'require-corp',
          },
        },
        test: {
          name: 'browser',
          include: everywhere.map((d) => `${d}/**/*.browser.test.ts`),
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
                args: [
                  '--no-sandbox',
                  '--enable-unsafe-webgpu',
                  '--use-webgpu-adapter=swiftshader',
                  '--enable-features=Vulkan',
                  '--use-vulkan=swiftshader',
                  '--disable-background-networking',
                  '--disable-component-update',
                  '--disable-sync',
                  '--no-first-run',
                  '--disable-quic',
                ],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
