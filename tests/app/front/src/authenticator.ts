// A page of its own: the sign-in by AWS's component instead of our pages.
import { createApp } from 'vue'
import WithAuthenticator from './WithAuthenticator.vue'
import { configure } from './cognito'

void configure().then(() => createApp(WithAuthenticator).mount('#app'))
