#![doc = "What the acceptance tests share."]
