"""The Django project whose users are moved: four shapes of it, each a legacy app's likeness."""
