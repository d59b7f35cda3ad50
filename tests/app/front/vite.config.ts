import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// The back end and the pool's settings come from the same origin, so that one build fits every pool.
const proxy = { '/api': process.env.BACK_END ?? 'http://127.0.0.1:8000' }

export default defineConfig({
  plugins: [vue()],
  server: { proxy },
  preview: { proxy },
  build: {
    chunkSizeWarningLimit: 1500,
    // The app, and the same sign-in by AWS's own component.
    rollupOptions: { input: ['index.html', 'authenticator.html'] },
  },
})
