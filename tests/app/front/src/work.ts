// A form's work: one at a time, its error in words.
import { ref } from 'vue'
import { message } from './message'

export function useWork() {
  const busy = ref(false)
  const error = ref('')
  async function work(task: () => Promise<void>) {
    if (busy.value) return
    busy.value = true
    error.value = ''
    try {
      await task()
    } catch (caught) {
      error.value = message(caught)
    } finally {
      busy.value = false
    }
  }
  return { busy, error, work }
}
