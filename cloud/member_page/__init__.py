"""The members' own page: a telephone's browser, WeChat's among them, and no app. It faces the internet, by itself."""
